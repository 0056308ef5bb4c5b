import sharp from 'sharp';
import { expect, test } from 'vitest';
import { ToolError } from '../src/errors.ts';
import { type FinishWish, finish, type Picture, readMade } from '../src/image/finish.ts';
import { requirePossible } from '../src/image/fit.ts';
import { inspect } from '../src/image/inspect.ts';
import { type AspectRatio, type Format, formats, type Size } from '../src/media.ts';
import { readPictureHeader } from './picture-header.ts';

/** Numbers from 0 to 1 that are the same in every run. */
function createRandom(seed: number) {
  let state = seed;
  const next = () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  const pick = <T>(from: readonly [T, ...T[]]): T => from[whole(0, from.length - 1)] ?? from[0];
  return { chance: (share: number) => next() < share, whole, pick };
}

/** Soft shapes with grain, so that files are about as large as photographs of their size. */
function photo({ width, height }: Size) {
  const { whole } = createRandom(width * 10_000 + height);
  const data = Buffer.alloc(width * height * 3);
  const across = Float64Array.from({ length: width * 3 }, (_, index) => 128 + 60 * Math.sin(index / 111 + (index % 3)));
  const down = Float64Array.from({ length: height }, (_, y) => 40 * Math.cos(y / 23));
  for (let index = 0; index < data.length; index += 1) {
    data[index] = (across[index % across.length] ?? 0) + (down[Math.floor(index / across.length)] ?? 0) + whole(-9, 9);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A disc on nothing, its middle at these shares of the edges. */
function cutOut({ width, height }: Size, [x, y] = [0.5, 0.5]) {
  const radius = Math.max(1, Math.min(width, height) / 5);
  const disc = `<circle cx="${x * width}" cy="${y * height}" r="${radius}" fill="#d62828"/>`;
  return sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${disc}</svg>`));
}

const sources = {
  jpeg: (size) => photo(size).jpeg().toBuffer(),
  'jpeg on its side': (size) => photo(size).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  'jpeg upside down': (size) => photo(size).withMetadata({ orientation: 3 }).jpeg().toBuffer(),
  'cmyk jpeg': (size) => photo(size).toColourspace('cmyk').jpeg().toBuffer(),
  png: (size) => photo(size).png().toBuffer(),
  'png with alpha': (size) => cutOut(size, [0.3, 0.7]).png().toBuffer(),
  'png with needless alpha': (size) => photo(size).ensureAlpha().png().toBuffer(),
  'grey png': (size) => photo(size).toColourspace('b-w').png().toBuffer(),
  'grey png with alpha': (size) => cutOut(size).toColourspace('b-w').png().toBuffer(),
  '16-bit png': (size) => photo(size).toColourspace('rgb16').png().toBuffer(),
  '16-bit grey png': (size) => photo(size).toColourspace('grey16').png().toBuffer(),
  'png with a palette': (size) => photo(size).png({ palette: true, colours: 16 }).toBuffer(),
  webp: (size) => photo(size).webp().toBuffer(),
  'webp with alpha': (size) => cutOut(size).webp().toBuffer(),
  avif: (size) => photo(size).avif({ effort: 0 }).toBuffer(),
  gif: (size) => photo(size).gif({ effort: 1 }).toBuffer(),
} as const satisfies Record<string, (size: Size) => Promise<Buffer>>;

async function open(bytes: Uint8Array): Promise<Picture> {
  const { kind, width, height } = await inspect(bytes, 'test');
  return { bytes, format: kind, width, height };
}

async function finishAs(bytes: Uint8Array, wish: FinishWish) {
  const made = await open(bytes);
  const { image, notes } = await finish(made, wish);
  return { made, image, notes };
}

async function colourAt(bytes: Uint8Array, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray((y * info.width + x) * info.channels, (y * info.width + x + 1) * info.channels)];
}

interface Combination {
  kind: keyof typeof sources;
  size: Size;
  wish: FinishWish;
}

const ratios = ['1:1', '16:9', '3:4', '21:9', '1:4', '1000:1', '1:777'] as const satisfies readonly AspectRatio[];

/** What might be asked of what might come; the same list in every run. */
function inventCombinations(count: number): Combination[] {
  const { chance, whole, pick } = createRandom(4);
  const [first = 'jpeg', ...others] = Object.keys(sources).filter((name): name is keyof typeof sources => name in sources);
  const edge = () => (chance(0.1) ? pick([1, 2, 3, 1000]) : whole(4, 300));
  return Array.from({ length: count }, () => ({
    kind: pick([first, ...others]),
    size: { width: edge(), height: edge() },
    wish: {
      ...(chance(0.75) && { format: pick(formats) }),
      ...(chance(0.75) && { width: edge() }),
      ...(chance(0.7) && { height: edge() }),
      ...(chance(0.3) && { cropTo: pick(ratios) }),
      ...(chance(0.5) && { fit: pick(['cover', 'contain']) }),
      ...(chance(0.15) && { trim: true }),
      ...(chance(0.35) && { maxBytes: whole(1, 40) * 500 }),
      ...(chance(0.15) && { lossless: true }),
    },
  }));
}

test.for(inventCombinations(120).map((combination, index) => ({ ...combination, name: `${index + 1}: ${JSON.stringify(combination)}` })))(
  'the file has exactly the pixels, type and ceiling asked, or says what it lacks: $name',
  async ({ kind, size, wish }) => {
    const made = await open(await sources[kind](size));
    const { image, notes } = await finish(made, wish).catch((error) => {
      if (!(error instanceof ToolError)) throw error;
      return { image: undefined, notes: [error.message] };
    });
    if (image === undefined) {
      const { width = 0, height = 0 } = expectedEdges(made, made, wish);
      expect(Math.max(width, height)).toBeGreaterThan(16_383);
      expect(notes[0]).toMatch(/^(webp|avif|jpeg) holds at most \d+ pixels along an edge; \d+×\d+ was asked\. Ask for/);
      return;
    }
    if (image === made && kind === 'jpeg on its side') {
      expect([wish.width, wish.height, wish.cropTo]).toEqual([undefined, undefined, undefined]);
      return;
    }
    const header = readPictureHeader(image.bytes);
    expect({ format: image.format, width: image.width, height: image.height }).toEqual(header);
    expect(header.format).toBe(wish.format ?? (made.format === 'gif' ? 'png' : made.format));
    expect(header).toMatchObject(expectedEdges(made, header, wish));
    if (image !== made) {
      const { data, info } = await sharp(image.bytes).raw().toBuffer({ resolveWithObject: true });
      expect([data.length, info.width, info.height]).toEqual([header.width * header.height * info.channels, header.width, header.height]);
      expect(await sharp(image.bytes).metadata()).toMatchObject({ depth: 'uchar' });
    }
    if (wish.maxBytes !== undefined && image.bytes.length > wish.maxBytes) {
      expect(notes.at(-1)).toContain(`max_kb: ${wish.maxBytes / 1000} was asked, the smallest limner could make is`);
      const said = Number(/make is ([\d.]+) kB;/.exec(notes.at(-1) ?? '')?.[1]) * 1000;
      expect(said).toBeGreaterThanOrEqual(image.bytes.length);
      expect(said - image.bytes.length).toBeLessThan(1000);
    } else {
      expect(notes.join(' ')).not.toContain('max_kb');
    }
  },
);

/** The edges as the wish and arithmetic have them; what trimming leaves is only known where both were given. */
function expectedEdges(made: Size, got: Size, { width, height, cropTo, trim }: FinishWish): Partial<Size> {
  if (trim || (width !== undefined && height !== undefined)) return { ...(width && { width }), ...(height && { height }) };
  const [w = 1, h = 1] = cropTo ? cropTo.split(':').map(Number) : [made.width, made.height];
  const edge = (value: number) => Math.max(1, Math.round(value));
  if (width !== undefined) return { width, height: edge((width * h) / w) };
  if (height !== undefined) return { width: edge((height * w) / h), height };
  if (!cropTo) return { width: made.width, height: made.height };
  return got.width === made.width
    ? { width: made.width, height: edge((made.width * h) / w) }
    : { width: edge((made.height * w) / h), height: made.height };
}

test('a picture that is as wished stays the very same bytes', async () => {
  for (const kind of ['jpeg', 'png', 'webp', 'avif'] as const) {
    const made = await readMade(await sources[kind]({ width: 160, height: 90 }));
    if (made === undefined) throw new Error(`${kind} was not read`);
    const wish = { format: kind, width: 160, height: 90, cropTo: '16:9', maxBytes: made.bytes.length, xmp: '<x:xmpmeta/>' } as const;
    const { image, notes } = await finish(made, wish);
    expect(image, kind).toBe(made);
    expect(notes, kind).toEqual([]);
  }
});

const wide = { width: 1376, height: 768 };
const small = { width: 120, height: 80 };
const notesOf: [string, () => Promise<Buffer>, FinishWish, (string | RegExp)[]][] = [
  ['a crop', () => sources.png(wide), { cropTo: '16:9' }, ['Cropped from 1376×768 to 1365×768.']],
  [
    'an enlargement',
    () => sources.png(wide),
    { width: 1600, height: 900 },
    ['Cropped from 1376×768 to 1365×768.', 'Enlarged 1.17 times, from 1365×768 to 1600×900: it is no sharper than that.'],
  ],
  ['one edge alone', () => sources.png(wide), { width: 688 }, ['Scaled down from 1376×768 to 688×384.']],
  [
    'a hair larger',
    () => sources.png(wide),
    { width: 1377, height: 768 },
    ['Cropped from 1376×768 to 1376×767.', 'Scaled from 1376×767 to 1377×768.'],
  ],
  ['another type', () => sources.jpeg(small), { format: 'webp' }, ['Converted from jpeg to webp.']],
  [
    'a border',
    () =>
      sharp({ create: { width: 300, height: 100, channels: 3, background: '#12ab9f' } })
        .png()
        .toBuffer(),
    { width: 150, height: 150, fit: 'contain' },
    ['Scaled down from 300×100 to 150×50.', 'Padded from 150×50 to 150×150 with a border of #12ab9f.'],
  ],
  [
    'a transparent border',
    () => cutOut({ width: 300, height: 100 }).png().toBuffer(),
    { width: 150, height: 150, fit: 'contain' },
    ['Scaled down from 300×100 to 150×50.', 'Padded from 150×50 to 150×150 with a transparent border.'],
  ],
  [
    'transparency in a jpeg',
    () => cutOut({ width: 99, height: 99 }).png().toBuffer(),
    { format: 'jpeg' },
    ['Converted from png to jpeg.', 'jpeg has no transparency: transparent parts are white.'],
  ],
  ['alpha that hides nothing', () => sources['png with needless alpha'](small), { format: 'jpeg' }, ['Converted from png to jpeg.']],
  [
    'a ceiling',
    () => sources.jpeg(wide),
    { format: 'webp', maxBytes: 40_000 },
    ['Converted from jpeg to webp.', /^Quality \d\d of 100 to stay under 40 kB\.$/],
  ],
  [
    'colours given up',
    () => sources.png(wide),
    { maxBytes: 700_000 },
    [/^Reduced to (256|16) colours( without dithering)? to stay under 700 kB\.$/],
  ],
  [
    'a png that shrinks without loss',
    () => cutOut({ width: 400, height: 400 }).png({ compressionLevel: 0 }).toBuffer(),
    { maxBytes: 20_000 },
    [/^Compressed from 64\d kB to \d+ kB\.$/],
  ],
  [
    'a ceiling out of reach',
    () => sources.png({ width: 300, height: 200 }),
    { format: 'avif', maxBytes: 500 },
    [
      'Converted from png to avif.',
      /^Quality \d+ of 100\.$/,
      /^max_kb: 0\.5 was asked, the smallest limner could make is [\d.]+ kB; a smaller width would make it smaller\.$/,
    ],
  ],
  [
    'a ceiling out of reach, the file left alone',
    () => photo({ width: 40, height: 40 }).jpeg({ quality: 10 }).toBuffer(),
    { maxBytes: 100 },
    [/^max_kb: 0\.1 was asked, the smallest limner could make is [\d.]+ kB; webp, avif or a smaller width would make it smaller\.$/],
  ],
  [
    'no loss in jpeg',
    () => sources.png(wide),
    { format: 'jpeg', lossless: true },
    ['Converted from png to jpeg.', 'jpeg is never lossless: every pixel may differ a little.'],
  ],
  [
    'no loss under a ceiling',
    () => sources.png(wide),
    { format: 'webp', lossless: true, maxBytes: 60_000 },
    ['Converted from png to webp.', /^Not lossless: that takes \d+ kB\.$/, /^Quality \d\d of 100 to stay under 60 kB\.$/],
  ],
  [
    '16 bits',
    () => sources['16-bit png'](small),
    { format: 'webp' },
    ['Converted from png to webp.', 'Reduced from 16 to 8 bits a channel.'],
  ],
  [
    'print colours',
    () => sources['cmyk jpeg'](wide),
    { width: 688 },
    ['Scaled down from 1376×768 to 688×384.', 'Converted from CMYK to sRGB.'],
  ],
  [
    'a wide gamut',
    () => photo(wide).withIccProfile('p3').jpeg().toBuffer(),
    { width: 688 },
    ['Scaled down from 1376×768 to 688×384.', 'Converted from its own colour profile to sRGB.'],
  ],
  ['sRGB by name', () => photo(wide).withIccProfile('srgb').jpeg().toBuffer(), { width: 688 }, ['Scaled down from 1376×768 to 688×384.']],
  [
    'an animation',
    () =>
      sharp(Buffer.alloc(40 * 90 * 3, 'frame of an animation'), { raw: { width: 40, height: 90, channels: 3, pageHeight: 30 } })
        .gif()
        .toBuffer(),
    {},
    ['Converted from gif to png.', 'Only the first of its 3 frames.'],
  ],
  ['margins', () => cutOut({ width: 400, height: 200 }, [0.25, 0.5]).png().toBuffer(), { trim: true }, ['Trimmed from 400×200 to 80×80.']],
  [
    'one-coloured margins',
    () => cutOut({ width: 400, height: 200 }, [0.25, 0.5]).flatten({ background: '#fafafa' }).jpeg({ quality: 95 }).toBuffer(),
    { trim: true, format: 'png' },
    [/^Trimmed from 400×200 to (7|8)\d×(7|8)\d\.$/, 'Converted from jpeg to png.'],
  ],
  ['no margins', () => sources.jpeg(small), { trim: true }, ['Not trimmed: there is no margin of one colour, or nothing else.']],
  [
    'nothing but margin',
    () =>
      sharp({ create: { width: 50, height: 40, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
        .png()
        .toBuffer(),
    { trim: true },
    ['Not trimmed: there is no margin of one colour, or nothing else.'],
  ],
];

test.for(notesOf)('%s is said', async ([, make, wish, expected]) => {
  const { notes } = await finishAs(await make(), wish);
  expect(notes).toHaveLength(expected.length);
  for (const [index, sentence] of expected.entries()) expect(notes[index]).toMatch(sentence instanceof RegExp ? sentence : `${sentence}`);
});

test.for([
  ['jpeg', 0.9],
  ['jpeg', 0.4],
  ['webp', 0.9],
  ['webp', 0.4],
  ['avif', 0.6],
] as const)('a %s makes use of most of what it may hold, at %f of its free size', async ([format, share]) => {
  const bytes = await sources.png({ width: 500, height: 400 });
  const maxBytes = Math.round((await finishAs(bytes, { format })).image.bytes.length * share);
  const { image } = await finishAs(bytes, { format, maxBytes });
  expect(image.bytes.length / maxBytes).toBeGreaterThan(0.8);
  expect(image.bytes.length).toBeLessThanOrEqual(maxBytes);
});

test.for(['webp', 'avif', 'png'] as const)('without loss, %s keeps every pixel and what is under transparency', async (format) => {
  const bytes = await sources['png with alpha']({ width: 120, height: 80 });
  const { image } = await finishAs(bytes, {
    format,
    width: 120,
    lossless: true,
    maxBytes: format === 'png' ? bytes.length - 1 : undefined,
  });
  const [before, after] = await Promise.all([bytes, image.bytes].map((file) => sharp(file).raw().toBuffer()));
  expect(before && after?.equals(before)).toBe(true);
});

test('a picture that lies on its side is cropped and scaled as it is seen', async () => {
  const [red, blue] = ['#ff0000', '#0000ff'].map(
    (background) => ({ create: { width: 100, height: 200, channels: 3, background } }) as const,
  );
  if (red === undefined || blue === undefined) throw new Error('no colours');
  const stored = sharp({ create: { width: 200, height: 200, channels: 3, background: '#fff' } }).composite([
    { input: red, left: 0, top: 0 },
    { input: blue, left: 100, top: 0 },
  ]);
  // Orientation 6: what is stored at the left is seen at the top.
  const { image } = await finishAs(await stored.withMetadata({ orientation: 6 }).jpeg().toBuffer(), {
    width: 50,
    height: 100,
    format: 'png',
  });
  expect((await colourAt(image.bytes, 25, 10))[0]).toBeGreaterThan(240);
  expect((await colourAt(image.bytes, 25, 90))[2]).toBeGreaterThan(240);
});

test.for([
  [0.1, 0.5],
  [0.5, 0.9],
  [0.85, 0.2],
] as const)('a crop of a cut-out keeps what is not transparent, at %f, %f', async ([x, y]) => {
  const bytes = await cutOut({ width: 600, height: 600 }, [Math.min(0.8, Math.max(0.2, x)), Math.min(0.8, Math.max(0.2, y))])
    .png()
    .toBuffer();
  const visible = async (file: Uint8Array) =>
    (await sharp(file).extractChannel('alpha').raw().toBuffer()).filter((value) => value > 127).length;
  for (const size of [
    { width: 600, height: 260 },
    { width: 260, height: 600 },
  ]) {
    expect((await visible((await finishAs(bytes, size)).image.bytes)) / (await visible(bytes))).toBeGreaterThan(0.99);
  }
});

test('a border is transparent, or white in a jpeg, and the picture stands in its middle', async () => {
  const bytes = await cutOut({ width: 300, height: 100 }).png().toBuffer();
  const png = (await finishAs(bytes, { width: 200, height: 200, fit: 'contain' })).image.bytes;
  const jpeg = (await finishAs(bytes, { width: 200, height: 200, fit: 'contain', format: 'jpeg' })).image.bytes;
  expect(await colourAt(png, 5, 5)).toEqual([0, 0, 0, 0]);
  expect(await colourAt(png, 100, 100)).toEqual([214, 40, 40, 255]);
  expect(await colourAt(jpeg, 5, 5)).toEqual([255, 255, 255]);
});

test('colours of another profile arrive as they were meant, untagged', async () => {
  const red = sharp({ create: { width: 60, height: 60, channels: 3, background: '#ff0000' } });
  const tagged = await red.withIccProfile('p3').png().toBuffer();
  const { image } = await finishAs(tagged, { width: 30 });
  const [r = 0, g = 255, b = 255] = await colourAt(image.bytes, 15, 15);
  expect([r > 250, g < 6, b < 6]).toEqual([true, true, true]);
  expect((await sharp(image.bytes).metadata()).icc).toBeUndefined();
});

test.for([
  ['webp', { width: 16_383, height: 2 }, { width: 16_384, height: 2 }, 'Ask for jpeg or png, or a smaller size.'],
  ['avif', { width: 2, height: 16_384 }, { width: 2, height: 16_385 }, 'Ask for jpeg or png, or a smaller size.'],
  [
    'avif',
    { width: 6000, height: 4000 },
    { width: 6001, height: 4000 },
    'limner makes AVIF of up to 24 million pixels. Ask for a smaller size.',
  ],
  ['jpeg', { width: 65_500, height: 2 }, { width: 65_501, height: 2 }, 'Ask for png, or a smaller size.'],
  [
    'png',
    { width: 10_000, height: 5000 },
    { width: 10_001, height: 5000 },
    'limner makes up to 50 million pixels. Ask for a smaller size.',
  ],
] as const satisfies readonly (readonly [Format, Size, Size, string])[])(
  'a %s larger than can be is refused, with what can be',
  async ([format, largest, beyond, advice]) => {
    expect(() => requirePossible(format, largest)).not.toThrow();
    expect(() => requirePossible(format, beyond)).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining(advice) }),
    );
    const made = await open(await sources.png({ width: 20, height: 20 }));
    await expect(finish(made, { format, ...beyond })).rejects.toMatchObject({ code: 'unsupported' });
  },
);

test.for(['jpeg', 'webp', 'avif'] as const)('the largest edge a %s is said to hold is one it holds', async (format) => {
  const width = { jpeg: 65_500, webp: 16_383, avif: 16_384 }[format];
  const { image } = await finishAs(await sources.png({ width: 60, height: 4 }), { format, width, height: 2 });
  expect(readPictureHeader(image.bytes)).toEqual({ format, width, height: 2 });
});

test('a damaged picture is refused in words', async () => {
  const whole = await sources.png({ width: 100, height: 100 });
  const made = await open(whole.subarray(0, whole.length / 2));
  await expect(finish(made, { width: 50 })).rejects.toMatchObject({ code: 'unreadable_image' });
});
