import decodeIco from 'decode-ico';
import jpeg from 'jpeg-js';
import sharp from 'sharp';
import { thumbHashToApproximateAspectRatio } from 'thumbhash';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { exportPictures } from '../src/export/export.ts';
import { type ExportWish, presets } from '../src/export/wish.ts';
import { readXmp, toXmp } from '../src/image/xmp.ts';
import { type Decoded, decodePng, parseHtml, parseSrcset, parseXml, pixelsWhere } from './export/parsers.ts';
import { cutByColour, drawFox, drawHills, exportOne, fileOf, madeByModel, toSource } from './export/pictures.ts';

const isSeen = ([, , , alpha = 0]: readonly number[]) => alpha > 16;
/** Differs from a colour by more than resampling does. */
const differsFrom = (colour: readonly number[]) => (rgba: readonly number[]) =>
  isSeen(rgba) && Math.max(...colour.map((channel, index) => Math.abs(channel - (rgba[index] ?? 0)))) > 40;

/** How far from the middle anything is drawn, as a part of half the edge. */
function reachOf(icon: Decoded, isDrawn: (rgba: readonly number[]) => boolean): number {
  const middle = (icon.width - 1) / 2;
  return Math.max(...pixelsWhere(icon, isDrawn).map(({ x, y }) => Math.hypot(x - middle, y - middle))) / (icon.width / 2);
}

test('favicon.ico holds 16, 32 and 48 pixels, each a PNG filled by the subject', async () => {
  const { files, markup } = await exportOne('fox.png', await drawFox(), { preset: 'favicon' });
  const entries = decodeIco(fileOf({ files, markup, notes: [] }, 'favicon.ico').bytes);
  expect(entries.map(({ type, width, height }) => [type, width, height])).toEqual([16, 32, 48].map((edge) => ['png', edge, edge]));
  for (const { data, width } of entries) {
    const rows = pixelsWhere(decodePng(Buffer.from(data)), isSeen).map(({ y }) => y);
    expect(Math.max(...rows) - Math.min(...rows) + 1).toBeGreaterThanOrEqual(width - 1);
  }
});

test('the tags of a favicon name its files and their real sizes', async () => {
  const exported = await exportOne('fox.png', await drawFox('#f4e9da'), { preset: 'favicon' });
  const links = parseHtml(exported.markup[0]?.text ?? '').filter(({ name }) => name === 'link');
  expect(links.map(({ attributes }) => attributes.href?.slice(1)).sort()).toEqual(exported.files.map(({ name }) => name).sort());
  for (const { attributes } of links.filter(({ attributes: { sizes, href } }) => sizes !== undefined && href?.endsWith('.png'))) {
    const { width, height } = decodePng(fileOf(exported, attributes.href?.slice(1) ?? '').bytes);
    expect(attributes.sizes).toBe(`${width}x${height}`);
  }
  const apple = decodePng(fileOf(exported, 'apple-touch-icon.png').bytes);
  expect(apple).toMatchObject({ width: 180, height: 180, colourType: 2 });
});

test.each([
  ['a dark cut-out stands on white', '#f0622f', [255, 255, 255]],
  ['a light cut-out on nearly black', '#ffffff', [28, 28, 30]],
])('where an icon must be opaque %s', async (_, colour, ground) => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="600"><circle cx="300" cy="300" r="200" fill="${colour}"/></svg>`;
  const exported = await exportOne('disc.png', await sharp(Buffer.from(svg)).png().toBuffer(), { preset: 'favicon' });
  const apple = decodePng(fileOf(exported, 'apple-touch-icon.png').bytes);
  expect([...apple.rgba.subarray(0, 3)]).toEqual(ground);
});

test('a picture that is no square stands whole in icons, or is cropped when asked, and the answer says so', async () => {
  const hills = await drawHills(1600, 900);
  const contained = await exportOne('hills.jpg', hills, { preset: 'favicon' });
  const rows = pixelsWhere(decodePng(fileOf(contained, 'favicon-96x96.png').bytes), isSeen).map(({ y }) => y);
  expect([Math.min(...rows), Math.max(...rows)]).toEqual([21, 74]);
  expect(contained.notes.join(' ')).toMatch(/1600×900.*transparency.*`fit` cover/);
  const cropped = await exportOne('hills.jpg', hills, { preset: 'favicon', fit: 'cover' });
  expect(pixelsWhere(decodePng(fileOf(cropped, 'favicon-96x96.png').bytes), isSeen)).toHaveLength(96 * 96);
});

const Manifest = z.object({
  icons: z.array(z.object({ src: z.string(), sizes: z.string(), type: z.literal('image/png'), purpose: z.string() })),
});

test.each([
  ['a cut-out', undefined, [255, 255, 255]],
  ['a subject on flat ground', '#f4e9da', [244, 233, 218]],
] as const)('maskable icons keep %s inside the safe zone, on an opaque ground, apart from the others', async (_, ground, colour) => {
  const exported = await exportOne('fox.png', await drawFox(ground), { preset: 'pwa' });
  const { icons } = Manifest.parse(JSON.parse(exported.markup[0]?.text ?? ''));
  expect(icons.map(({ sizes, purpose }) => `${purpose} ${sizes}`)).toEqual([
    'any 192x192',
    'any 512x512',
    'maskable 192x192',
    'maskable 512x512',
  ]);
  expect(icons.map(({ src }) => src.slice(1))).toEqual(exported.files.map(({ name }) => name));
  for (const { src, sizes, purpose } of icons) {
    const icon = decodePng(fileOf(exported, src.slice(1)).bytes);
    expect(`${icon.width}x${icon.height}`).toBe(sizes);
    if (purpose !== 'maskable') continue;
    expect(icon.colourType).toBe(2);
    const reach = reachOf(icon, differsFrom(colour));
    expect(reach).toBeLessThanOrEqual(0.8 + 2 / icon.width);
    expect(reach).toBeGreaterThan(0.74);
  }
});

const Contents = z.object({
  images: z.array(z.object({ size: z.string(), idiom: z.string(), filename: z.string(), scale: z.string() })),
  info: z.object({ version: z.literal(1), author: z.string() }),
});

test('the AppIcon set has a file for each slot, of exactly its pixels, without alpha', async () => {
  const exported = await exportOne('fox.png', await drawFox(), { preset: 'ios' });
  const { images } = Contents.parse(JSON.parse(Buffer.from(fileOf(exported, 'AppIcon.appiconset/Contents.json').bytes).toString()));
  for (const { size, filename, scale } of images) {
    const edge = Number.parseFloat(size) * Number.parseInt(scale, 10);
    expect(decodePng(fileOf(exported, `AppIcon.appiconset/${filename}`).bytes)).toMatchObject({ width: edge, height: edge, colourType: 2 });
  }
  const slots = images.map(({ idiom, size, scale }) => `${idiom} ${size}@${scale}`);
  expect(slots).toContain('ios-marketing 1024x1024@1x');
  expect(slots.filter((slot) => slot.startsWith('iphone'))).toHaveLength(8);
  expect(slots.filter((slot) => slot.startsWith('ipad'))).toHaveLength(9);
  expect(new Set(images.map(({ filename }) => filename)).size).toBe(exported.files.length - 1);
});

test('Android’s icons have the pixels of each density and keep the subject inside every mask', async () => {
  const exported = await exportOne('fox.png', await drawFox(), { preset: 'android' });
  for (const [density, scale] of Object.entries({ mdpi: 1, hdpi: 1.5, xhdpi: 2, xxhdpi: 3, xxxhdpi: 4 })) {
    const read = (name: string) => decodePng(fileOf(exported, `res/mipmap-${density}/${name}.png`).bytes);
    expect(read('ic_launcher').width).toBe(48 * scale);
    expect(read('ic_launcher_round').width).toBe(48 * scale);
    const foreground = read('ic_launcher_foreground');
    expect(foreground.width).toBe(108 * scale);
    expect(reachOf(foreground, isSeen)).toBeLessThanOrEqual(66 / 108 + 2 / foreground.width);
  }
  const round = decodePng(fileOf(exported, 'res/mipmap-xxxhdpi/ic_launcher_round.png').bytes);
  expect(round.rgba[3]).toBe(0);
  expect(reachOf(round, isSeen)).toBeLessThanOrEqual(1.01);
  expect(decodePng(fileOf(exported, 'ic_launcher-playstore.png').bytes)).toMatchObject({ width: 512, height: 512, colourType: 2 });
});

test('Android’s XML is well formed and names resources that are there', async () => {
  const exported = await exportOne('fox.png', await drawFox('#336699'), { preset: 'android' });
  const colour = parseXml(fileOf(exported, 'res/values/ic_launcher_background.xml')).getElementsByTagName('color')[0];
  expect([colour?.getAttribute('name'), colour?.textContent]).toEqual(['ic_launcher_background', '#336699']);
  const icon = parseXml(fileOf(exported, 'res/mipmap-anydpi-v26/ic_launcher.xml')).documentElement;
  expect(icon?.tagName).toBe('adaptive-icon');
  const drawable = (tag: string) => icon?.getElementsByTagName(tag)[0]?.getAttribute('android:drawable');
  expect([drawable('background'), drawable('foreground')]).toEqual(['@color/ic_launcher_background', '@mipmap/ic_launcher_foreground']);
});

test('a link preview is a JPEG of 1200×630 with tags that say so', async () => {
  const exported = await exportOne('hills.jpg', await drawHills(1600, 900), { preset: 'og' });
  const [file] = exported.files;
  expect(jpeg.decode(file?.bytes ?? Buffer.alloc(0))).toMatchObject({ width: 1200, height: 630 });
  const metas = parseHtml(exported.markup[0]?.text ?? '').map(({ attributes }) => [
    attributes.property ?? attributes.name,
    attributes.content,
  ]);
  expect(Object.fromEntries(metas)).toMatchObject({
    'og:image': 'https://example.com/og-image.jpg',
    'og:image:width': '1200',
    'og:image:height': '630',
    'og:image:type': 'image/jpeg',
    'twitter:card': 'summary_large_image',
  });
});

test('a responsive set has each width in each format, none wider than the picture, and markup that names them all', async () => {
  const described = await sharp(await drawHills(1000, 600))
    .withXmp(toXmp({ sourceType: madeByModel, alt: 'Hills under "a sun" & sky' }))
    .jpeg()
    .toBuffer();
  const exported = await exportOne('my hills, 2.jpg', described, { preset: 'srcset', widths: [320, 640, 2000] });
  const tags = parseHtml(exported.markup[0]?.text ?? '');
  expect(tags.map(({ name }) => name)).toEqual(['picture', 'source', 'source', 'img']);
  const candidates = tags.flatMap(({ attributes }) => (attributes.srcset === undefined ? [] : parseSrcset(attributes.srcset)));
  expect(candidates.map(({ url }) => url).sort()).toEqual(exported.files.map(({ name }) => name).sort());
  expect(candidates).toHaveLength(6);
  for (const { url, descriptor } of candidates) {
    const { width, format } = await sharp(fileOf(exported, url).bytes).metadata();
    expect(descriptor).toBe(`${width}w`);
    expect(format).toBe({ avif: 'heif', webp: 'webp', jpg: 'jpeg' }[url.split('.').at(-1) ?? '']);
  }
  const image = tags.at(-1)?.attributes;
  expect(image).toMatchObject({ width: '640', height: '384', alt: 'Hills under "a sun" & sky', loading: 'lazy' });
  expect(image?.style).toMatch(/^background-color: #[0-9a-f]{6}$/);
  expect(thumbHashToApproximateAspectRatio(Buffer.from(image?.['data-thumbhash'] ?? '', 'base64'))).toBeCloseTo(1000 / 600, 0);
  expect(exported.notes.join(' ')).toMatch(/Left out 2000: the picture is 1000 pixels wide/);
});

test('without widths a responsive set takes what the picture has, and a cut-out gets no colour behind it', async () => {
  const hills = await exportOne('hills.jpg', await drawHills(1280, 720), { preset: 'srcset', format: 'webp' });
  expect(hills.files.map(({ name }) => name)).toEqual([480, 960, 1280].flatMap((width) => [`hills-${width}.avif`, `hills-${width}.webp`]));
  const fox = await exportOne('fox.png', await drawFox(), { preset: 'srcset', widths: [64], format: 'png' });
  expect(parseHtml(fox.markup[0]?.text ?? '').at(-1)?.attributes.style).toBeUndefined();
});

test('densities are the same picture at one, two and three times, only as large as it is', async () => {
  const exported = await exportOne('hills.jpg', await drawHills(1000, 600), { preset: 'densities', width: 401, format: 'png' });
  const sizes = exported.files.map(({ name, bytes }) => [name, decodePng(bytes).width, decodePng(bytes).height]);
  expect(sizes).toEqual([
    ['hills.png', 401, 241],
    ['hills@2x.png', 802, 482],
  ]);
  const [image] = parseHtml(exported.markup[0]?.text ?? '');
  expect(parseSrcset(image?.attributes.srcset)).toEqual([
    { url: 'hills.png', descriptor: '1x' },
    { url: 'hills@2x.png', descriptor: '2x' },
  ]);
  expect(exported.notes.join(' ')).toMatch(/Left out @3x of hills/);
});

const Atlas = z.object({
  frames: z.record(
    z.string(),
    z.object({ frame: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }), rotated: z.boolean() }),
  ),
  meta: z.object({ image: z.string(), size: z.object({ w: z.number(), h: z.number() }) }),
});

test('a sprite sheet holds every picture pixel for pixel where its JSON and its CSS say, two pixels from the next', async () => {
  const fox = await drawFox();
  const sizes = [
    [40, 60],
    [64, 64],
    [33, 12],
    [90, 31],
    [64, 64],
  ] as const;
  const pictures = await Promise.all(sizes.map(([width, height]) => sharp(fox).resize(width, height, { fit: 'fill' }).png().toBuffer()));
  const sources = await Promise.all(pictures.map((bytes, index) => toSource(index === 4 ? 'fox 1.png' : `fox ${index}.png`, bytes)));
  const exported = await exportPictures(sources, { preset: 'sprite' }, cutByColour());
  const sheet = decodePng(fileOf(exported, 'sprite.png').bytes);
  const { frames, meta } = Atlas.parse(JSON.parse(Buffer.from(fileOf(exported, 'sprite.json').bytes).toString()));
  expect(meta).toMatchObject({ image: 'sprite.png', size: { w: sheet.width, h: sheet.height } });
  expect(Object.keys(frames)).toEqual(['fox 0', 'fox 1', 'fox 2', 'fox 3', 'fox 1-2']);
  const used: number[] = [];
  for (const [index, { frame }] of Object.values(frames).entries()) {
    const own = decodePng(pictures[index] ?? Buffer.alloc(0)).rgba;
    const drawn = Buffer.concat(
      Array.from({ length: frame.h }, (_, row) =>
        sheet.rgba.subarray(((frame.y + row) * sheet.width + frame.x) * 4).subarray(0, frame.w * 4),
      ),
    );
    expect(countDifferences(drawn, own)).toBe(0);
    for (let y = frame.y - 1; y <= frame.y + frame.h; y++) {
      for (let x = frame.x - 1; x <= frame.x + frame.w; x++) used.push(y * sheet.width + x);
    }
    expect(exported.markup[0]?.text).toContain(
      `width: ${frame.w}px; height: ${frame.h}px; background-position: ${-frame.x}px ${-frame.y}px;`,
    );
  }
  expect(new Set(used).size).toBe(used.length);
});

/** Pixels that look different: what cannot be seen has no colour. */
function countDifferences(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length);
  let count = 0;
  for (let at = 0; at < a.length; at += 4) if ((a[at + 3] || b[at + 3]) && a.readUInt32LE(at) !== b.readUInt32LE(at)) count++;
  return count;
}

test('one picture of a size and format, within its ceiling; nothing to do is a copy', async () => {
  const hills = await drawHills(1600, 900);
  const small = await exportOne('hills.jpg', hills, { preset: 'none', width: 400, height: 400, format: 'png', fit: 'contain' });
  expect(decodePng(small.files[0]?.bytes ?? Buffer.alloc(0))).toMatchObject({ width: 400, height: 400 });
  const tight = await exportOne('hills.jpg', hills, { preset: 'none', format: 'webp', maxKb: 10 });
  expect(tight.files[0]?.bytes.length).toBeLessThanOrEqual(10_000);
  const same = await exportOne('hills.jpg', hills, { preset: 'none' });
  expect(Buffer.from(same.files[0]?.bytes ?? []).equals(hills)).toBe(true);
  expect(same.files[0]?.notes.join()).toMatch(/Copied as it is/);
});

test('several pictures of one name become several files', async () => {
  const hills = await drawHills(300, 200);
  const sources = [await toSource('a/hill.jpg', hills), await toSource('b/Hill.jpg', hills)].map((source) => ({
    ...source,
    stem: source.stem.slice(2),
  }));
  const exported = await exportPictures(sources, { preset: 'none', width: 100 }, cutByColour());
  expect(exported.files.map(({ name }) => name)).toEqual(['hill.jpg', 'Hill-2.jpg']);
});

test('a flat background goes first, and is left alone where it is transparent already', async () => {
  const asked: string[] = [];
  const sources = [await toSource('flat.png', await drawFox('#336699')), await toSource('cut.png', await drawFox())];
  const exported = await exportPictures(sources, { preset: 'none', transparent: true, trim: true, width: 200 }, cutByColour(asked));
  expect(asked).toEqual(['flat.png', 'cut.png']);
  const [flat, cut] = exported.files.map(({ bytes }) => decodePng(bytes));
  expect([flat?.rgba[3], flat?.height]).toEqual([0, cut?.height]);
  expect(exported.files[1]?.notes).toContain('It was transparent already.');
});

test('an icon with more pixels than the picture says that it was enlarged', async () => {
  const small = await sharp(await drawHills(300, 300)).toBuffer();
  const { files } = await exportOne('hills.jpg', small, { preset: 'pwa' });
  const notesOf = (name: string) => fileOf({ files, markup: [], notes: [] }, name).notes.join(' ');
  expect(notesOf('icon-512.png')).toMatch(/Enlarged 1\.71 times, from 300×300/);
  expect(notesOf('icon-192.png')).toBe('');
});

test.each(presets.filter((preset) => preset !== 'sprite'))(
  'every picture of %s says where its pixels come from, icon files apart',
  async (preset) => {
    const art = preset === 'pixel-art' ? { width: 32 } : preset === 'densities' ? { width: 100 } : preset === 'none' ? { width: 50 } : {};
    const { files } = await exportOne('fox.png', await drawFox('#336699'), { preset, ...art });
    const pictures = files.filter(({ mediaType }) => mediaType.startsWith('image/') && mediaType !== 'image/x-icon');
    expect(pictures.length).toBeGreaterThan(0);
    for (const { bytes } of pictures) {
      const { xmpAsString } = await sharp(bytes).metadata();
      expect(readXmp(xmpAsString).sourceType).toBe(madeByModel);
    }
  },
);

test('what others wrote into a picture does not go along', async () => {
  const packet = toXmp({ sourceType: madeByModel }).replace(madeByModel, 'digitalCapture');
  const xmp = packet.replace('rdf:about=""', 'rdf:about="" xmlns:e="urn:e" e:GPSLatitude="47,22N"');
  const photo = await sharp(await drawHills(300, 200))
    .withXmp(xmp)
    .jpeg()
    .toBuffer();
  expect(photo.includes('GPSLatitude')).toBe(true);
  for (const wish of [
    { preset: 'none', width: 100 },
    { preset: 'og' },
    { preset: 'srcset', widths: [100] },
    { preset: 'favicon' },
  ] as const) {
    const { files } = await exportPictures([await toSource('photo.jpg', photo)], wish, cutByColour());
    expect(files.filter(({ bytes }) => Buffer.from(bytes).includes('GPSLatitude')).map(({ name }) => name)).toEqual([]);
  }
});

test.each<[ExportWish, RegExp]>([
  [{ preset: 'densities' }, /densities needs `width`/],
  [{ preset: 'densities', width: 5000 }, /hills\.jpg" is 900×600, smaller.*at most 900/],
  [{ preset: 'sprite' }, /at least two pictures.*one came/],
  [{ preset: 'favicon', width: 64 }, /favicon does not take `width`.*16, 32 and 48/],
  [{ preset: 'ios', transparent: true }, /ios does not take `background: "transparent"`.*opaque/],
  [{ preset: 'none', widths: [480] }, /does not take `widths`.*srcset/],
  [{ preset: 'srcset', width: 480, height: 300 }, /does not take `width` and `height`.*`widths`/],
  [{ preset: 'favicon', format: 'webp' }, /favicon makes png; format "webp" came/],
  [{ preset: 'pixel-art', format: 'jpeg' }, /pixel-art makes png/],
  [{ preset: 'pixel-art', width: 5000 }, /count fat pixels, at most 1024/],
  [{ preset: 'pixel-art' }, /no grid of fat pixels.*Give `width`/],
  [{ preset: 'none', transparent: true, format: 'jpeg' }, /jpeg has no transparency.*png, webp or avif/],
])('%j is refused with what to do', async (wish, sentence) => {
  const hills = await drawHills(900, 600);
  await expect(exportOne('hills.jpg', hills, wish)).rejects.toThrow(sentence);
});

test.each(presets)('a damaged picture given to %s is named', async (preset) => {
  const hills = await drawHills(900, 600);
  const damaged = await toSource('torn.jpg', hills.subarray(0, hills.length / 2));
  const sources = preset === 'sprite' ? [await toSource('whole.jpg', hills), damaged] : [damaged];
  const wish = { preset, ...((preset === 'densities' || preset === 'none') && { width: 100 }) };
  await expect(exportPictures(sources, wish, cutByColour())).rejects.toThrow(/"torn\.jpg" is damaged/);
});

test('sets of fixed names take one picture at a time', async () => {
  const source = await toSource('hills.jpg', await drawHills(90, 60));
  const both = exportPictures([source, source], { preset: 'favicon' }, cutByColour());
  await expect(both).rejects.toThrow(/fixed names from one picture; 2 came/);
});
