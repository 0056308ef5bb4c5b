import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { AspectRatio } from '../src/media.ts';
import { chooseModel, documentedSize } from '../src/model/catalog.ts';
import type { ImageRequest, ModelCall, RequestImage } from '../src/model/image-model.ts';
import { createStandin, standinWords } from '../src/model/standin.ts';

type Rgb = readonly [number, number, number];

const [red, green, blue] = [
  [214, 40, 40],
  [40, 160, 70],
  [40, 70, 200],
] as const;
const amber = [255, 197, 61] as const;
const ratios = chooseModel('flash').model.ratios;

function createCall(over: Partial<ModelCall> = {}): ModelCall {
  const never = new AbortController().signal;
  const beforeSending = async () => ({ failed: async () => {} });
  return { cancelled: never, deadline: never, remainingMs: () => 60_000, onWait: () => {}, beforeSending, ...over };
}

async function answer(over: Partial<ImageRequest> = {}, call = createCall()) {
  const request: ImageRequest = {
    model: 'gemini-nano-banana-2.1',
    prompt: 'A teal mountain lake with a gold moon',
    images: [],
    aspectRatio: '1:1',
    resolution: '1K',
    webSearch: false,
    variation: 1,
    ...over,
  };
  return createStandin().generate(request, call);
}

async function draw(over: Partial<ImageRequest> = {}): Promise<Buffer> {
  const [bytes] = (await answer(over)).images;
  return Buffer.from(bytes ?? []);
}

async function plain([r, g, b]: Rgb, label: string, size = { width: 300, height: 300 }): Promise<RequestImage> {
  const bytes = await sharp({ create: { ...size, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();
  return { label, bytes, mediaType: 'image/png' };
}

/** Decoded pixels: a colour at a place, and where a colour is found: how much of the picture, and its middle in shares of the sides. */
async function look(picture: Buffer) {
  const { data, info } = await sharp(picture).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 4, (y * info.width + x) * 4 + 4)];
  const find = (colour: Rgb, tolerance = 30) => {
    let [count, sumX, sumY] = [0, 0, 0];
    for (let index = 0; index < data.length; index += 4) {
      const distance = colour.reduce((worst, value, channel) => Math.max(worst, Math.abs(value - (data[index + channel] ?? 0))), 0);
      if (distance > tolerance || data[index + 3] !== 255) continue;
      count += 1;
      sumX += (index / 4) % info.width;
      sumY += Math.floor(index / 4 / info.width);
    }
    return { share: count / (data.length / 4), x: sumX / count / info.width, y: sumY / count / info.height };
  };
  return { ...info, at, find };
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test.each(ratios.flatMap((ratio) => (['1K', '2K'] as const).map((resolution) => [ratio, resolution] as const)))(
  'a drawing at %s and %s has the documented size',
  async (aspectRatio, resolution) => {
    const metadata = await sharp(await draw({ aspectRatio, resolution })).metadata();
    expect(metadata).toMatchObject({ ...documentedSize(aspectRatio, resolution), format: 'jpeg', chromaSubsampling: '4:4:4' });
  },
);

test.each<AspectRatio>(['1:1', '8:1'])('a 4K drawing at %s has the documented size', async (aspectRatio) => {
  expect(await sharp(await draw({ aspectRatio, resolution: '4K' })).metadata()).toMatchObject(documentedSize(aspectRatio, '4K'));
});

test('the same request gives the same bytes', async () => {
  const images = [await plain(red, 'Image 1 (red.png)')];
  for (const over of [{}, { variation: 2 }, { images }, { prompt: 'A fox standin:alpha' }]) {
    expect(hash(await draw(over))).toBe(hash(await draw(over)));
  }
});

test('every variation and every prompt looks different', async () => {
  const requests = [
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((variation) => ({ variation })),
    { prompt: 'A red fox' },
    { prompt: 'A quiet library' },
  ];
  const small = await Promise.all(
    requests.map(async (over) =>
      sharp(await draw(over))
        .resize(32, 32)
        .removeAlpha()
        .raw()
        .toBuffer(),
    ),
  );
  for (const [index, one] of small.entries()) {
    for (const other of small.slice(index + 1)) {
      const difference = one.reduce((sum, value, at) => sum + Math.abs(value - (other[at] ?? 0)), 0) / one.length;
      expect(difference).toBeGreaterThan(4);
    }
  }
});

test('colour words in the prompt decide the colours', async () => {
  const picture = await look(await draw({ prompt: 'A red poster', variation: 3 }));
  const other = await look(await draw({ prompt: 'A blue poster', variation: 3 }));
  expect(picture.find([200, 64, 58], 40).share).toBeGreaterThan(0.02);
  expect(other.find([200, 64, 58], 40).share).toBeLessThan(0.02);
});

test.each<[string, Partial<ImageRequest>]>([
  ['a drawing', { variation: 3 }],
  ['a tall drawing', { aspectRatio: '1:8' }],
  ['a wide drawing', { aspectRatio: '8:1' }],
  ['a transparent drawing', { prompt: 'A fox standin:alpha' }],
])('%s carries the band along its lower edge', async (_, over) => {
  const picture = await look(await draw(over));
  const ground = picture.at(3, picture.height - 3);
  expect(Math.max(...ground.slice(0, 3))).toBeLessThan(45);
  expect(ground[3]).toBe(255);
  const isSignal = (x: number, y: number) => amber.every((value, channel) => Math.abs(value - (picture.at(x, y)[channel] ?? 0)) < 40);
  const rule = Array.from({ length: picture.height }, (_, y) => y).filter((y) =>
    [2, picture.width / 2, picture.width - 3].every((x) => isSignal(x, y)),
  );
  expect(rule[0]).toBeGreaterThan(picture.height * 0.8);
  expect(picture.find([244, 241, 234], 40).share).toBeGreaterThan(0.0005);
});

test('the band says which variation this is', async () => {
  const band = async (variation: number) => {
    const picture = sharp(await draw({ variation })).extract({ left: 0, top: 984, width: 1024, height: 40 });
    return hash(await picture.raw().toBuffer());
  };
  expect(await band(1)).not.toBe(await band(7));
});

test('one input fills the picture, tinted and framed, under a panel', async () => {
  const picture = await look(await draw({ prompt: 'Make it night', images: [await plain(green, 'Image 1 (green.png)')] }));
  const seen = picture.find(green, 90);
  expect(seen.share).toBeGreaterThan(0.6);
  expect(picture.find(green, 4).share).toBe(0);
  expect(picture.at(512, 8)).not.toEqual(picture.at(512, 200));
  expect(picture.at(90, 880)).not.toEqual(picture.at(900, 880));
});

test('several inputs are all shown, in order, the first largest', async () => {
  const images = [await plain(red, 'Image 1 (r.png)'), await plain(green, 'Image 2 (g.png)'), await plain(blue, 'Image 3 (b.png)')];
  const picture = await look(await draw({ prompt: 'Put them together', images }));
  const [first, second, third] = [picture.find(red), picture.find(green), picture.find(blue)];
  expect(first.share).toBeGreaterThan(second.share * 1.5);
  expect(second.share).toBeGreaterThan(0.03);
  expect(third.share).toBeCloseTo(second.share, 2);
  expect(first.x).toBeLessThan(second.x);
  expect(second.y).toBeLessThan(third.y);
});

test.each<[AspectRatio, number]>([
  ['1:8', 3],
  ['8:1', 3],
  ['1:1', 14],
  ['9:16', 14],
  ['21:9', 2],
])('at %s %d inputs all find a place', async (aspectRatio, count) => {
  const colours = Array.from(
    { length: count },
    (_, index): Rgb => [20 + (index % 4) * 70, 20 + Math.floor(index / 4) * 70, index % 2 ? 255 : 0],
  );
  const images = await Promise.all(colours.map((colour, index) => plain(colour, `Image ${index + 1} (file-${index + 1}.png)`)));
  const picture = await look(await draw({ aspectRatio, images }));
  for (const colour of colours) expect(picture.find(colour, 8).share).toBeGreaterThan(0.002);
});

test.each<[string, (picture: ReturnType<typeof sharp>) => Promise<Buffer>, string]>([
  ['grey', (picture) => picture.toColourspace('b-w').jpeg().toBuffer(), 'image/jpeg'],
  ['16-bit', (picture) => picture.toColourspace('rgb16').png().toBuffer(), 'image/png'],
  ['palette', (picture) => picture.png({ palette: true }).toBuffer(), 'image/png'],
  ['WebP', (picture) => picture.webp().toBuffer(), 'image/webp'],
])('a %s input is shown in its colours', async (_, encode, mediaType) => {
  const grey = { r: 120, g: 120, b: 120 };
  const bytes = await encode(sharp({ create: { width: 200, height: 100, channels: 3, background: grey } }));
  const images = [{ label: 'Image 1 (grey)', bytes, mediaType }, await plain(blue, 'Image 2 (blue.png)')];
  const picture = await look(await draw({ images }));
  expect(picture.find([120, 120, 120], 6).share).toBeGreaterThan(0.05);
  expect((await look(await draw({ images: images.slice(0, 1) }))).channels).toBe(4);
});

test('a see-through input lies on a plain ground', async () => {
  const bytes = await sharp({ create: { width: 200, height: 200, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
    .png()
    .toBuffer();
  const images = [{ label: 'Image 1 (empty.png)', bytes, mediaType: 'image/png' }, await plain(blue, 'Image 2 (blue.png)')];
  const picture = await look(await draw({ prompt: 'A white room', images }));
  expect(picture.find([0, 0, 0], 5).share).toBeLessThan(0.01);
});

test('an input that cannot be decoded is named', async () => {
  const images = [{ label: 'Image 1 (broken.png)', bytes: Buffer.from('not an image'), mediaType: 'image/png' }];
  await expect(answer({ images })).rejects.toMatchObject({ code: 'unreadable_image', message: expect.stringContaining('broken.png') });
});

test.each<[string, boolean]>([
  ['words', false],
  ['a picture', true],
])('standin:alpha gives a PNG with real transparency from %s', async (_, withImage) => {
  const images = withImage ? [await plain(green, 'Image 1 (green.png)')] : [];
  const bytes = await draw({ prompt: 'A fox standin:alpha', images });
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', hasAlpha: true, ...documentedSize('1:1', '1K') });
  const picture = await look(bytes);
  expect(picture.at(2, 2)[3]).toBe(0);
  expect(picture.at(512, 480)[3]).toBe(255);
  const alphas = Array.from({ length: 200 }, (_, x) => picture.at(x, 480)[3] ?? 0);
  expect(alphas.filter((alpha) => alpha > 0 && alpha < 255).length).toBeGreaterThan(3);
});

test('the command words are not lettered', async () => {
  expect(hash(await draw({ prompt: 'A fox' }))).toBe(hash(await draw({ prompt: 'A standin:slow=0 fox' })));
});

test('the picture says in its metadata what it is', async () => {
  for (const prompt of ['A fox', 'A fox standin:alpha']) {
    const { xmp, exif } = await sharp(await draw({ prompt })).metadata();
    expect(xmp?.toString()).toContain('http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia');
    expect(xmp?.toString()).toMatch(/<dc:description>.*Stand-in drawing by limner/);
    expect(xmp?.toString()).not.toContain('fox');
    expect(exif).toBeUndefined();
  }
});

test('the answer costs nothing and names no model', async () => {
  const { images, ...rest } = await answer();
  expect(images).toHaveLength(1);
  expect(rest).toEqual({
    exchange: { sent: { role: 'user', parts: [expect.anything()] }, received: { role: 'model', parts: [expect.anything()] } },
    text: 'Stand-in drawing: no image model was called.',
    sources: [],
    searches: 0,
    usage: { input: 0, image: 0, text: 0 },
    warnings: [],
  });
});

test('a web search is counted and has a source', async () => {
  expect(await answer({ webSearch: true })).toMatchObject({
    searches: 1,
    sources: [{ title: 'Stand-in source', url: 'https://example.com/' }],
  });
});

test.each([
  ['blocked', 'refused'],
  ['no-image', 'no_image'],
  ['quota', 'quota'],
  ['billing', 'billing'],
  ['overloaded', 'overloaded'],
])('standin:%s fails with %s and says why', async (word, code) => {
  const failure = answer({ prompt: `A fox, Standin:${word}.` });
  await expect(failure).rejects.toMatchObject({ name: 'ToolError', code, retryAfterSeconds: word === 'quota' ? 34 : undefined });
  await expect(failure).rejects.toThrow(new RegExp(`stand-in .*standin:${word}\\..*remove the word`));
});

test('standin:half refuses even variations only', async () => {
  const prompt = 'A fox standin:half';
  await expect(answer({ prompt, variation: 2 })).rejects.toMatchObject({ code: 'refused' });
  expect((await answer({ prompt, variation: 3 })).images).toHaveLength(1);
});

test.each(['standin:xyz', 'standin:slow=soon', 'standin:slow=-1', 'standin:alpha=2', 'standin:constructor'])(
  '%s is refused with the words there are',
  async (word) => {
    await expect(answer({ prompt: `A fox ${word}` })).rejects.toMatchObject({ code: 'invalid_argument' });
  },
);

test('an unknown word is answered with every word there is', async () => {
  const failure = answer({ prompt: 'standin:xyz' });
  for (const word of Object.keys(standinWords)) await expect(failure).rejects.toThrow(`standin:${word}`);
});

test('standin:slow waits as long as it says and tells why', async () => {
  const told: string[] = [];
  const start = performance.now();
  await answer({ prompt: 'A fox standin:slow=0.4' }, createCall({ onWait: (why) => told.push(why) }));
  expect(performance.now() - start).toBeGreaterThanOrEqual(395);
  expect(told).toEqual(['stand-in is slow on purpose']);
});

test('the deadline ends standin:slow with a timeout', async () => {
  const call = createCall({ deadline: AbortSignal.timeout(50) });
  await expect(answer({ prompt: 'A fox standin:slow' }, call)).rejects.toMatchObject({ code: 'timeout' });
});

test('a call cancelled before the start draws nothing, one cancelled later is finished', async () => {
  await expect(answer({}, createCall({ cancelled: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'cancelled' });
  const controller = new AbortController();
  const call = createCall({ cancelled: controller.signal, onWait: () => controller.abort() });
  expect((await answer({ prompt: 'A fox standin:slow=0.1' }, call)).images).toHaveLength(1);
});

test('words that look like markup are only lettered', async () => {
  const prompt = '</svg><image href="file:///etc/passwd"/>&xxe; \u0000 漢字 🦊 __proto__';
  expect(await sharp(await draw({ prompt })).metadata()).toMatchObject(documentedSize('1:1', '1K'));
});

test('no words at all and very many words are drawn all the same', async () => {
  for (const prompt of ['', 'standin:slow=0', 'word '.repeat(20_000), 'x'.repeat(100_000)]) {
    expect(await sharp(await draw({ prompt })).metadata()).toMatchObject(documentedSize('1:1', '1K'));
  }
});
