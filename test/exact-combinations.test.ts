import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { expect } from 'vitest';
import { test } from './fixtures.ts';
import { answers } from './google/index.ts';
import { readPictureHeader } from './picture-header.ts';
import { ballOn, busyPicture, groundOf } from './scenes.ts';

/** Numbers that are the same in every run. */
function createRandom(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) >>> 0;
    return state / 2 ** 32;
  };
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(next() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  /** The value, or nothing at all. */
  const perhaps = <T>(chance: number, key: string, value: () => T) => (next() < chance ? { [key]: value() } : {});
  const edge = () => Math.round(2 ** (3 + next() * 7.5));
  return { next, pick, perhaps, edge };
}

const formats = ['png', 'jpeg', 'webp', 'avif'] as const;

/** What a file is by its own bytes, read without the libraries that wrote it. */
async function look(path: string) {
  const bytes = await readFile(path);
  return { ...readPictureHeader(bytes), bytes: bytes.length, hasAlpha: !(await sharp(bytes).stats()).isOpaque };
}

/** True when each is there, or the words say that it is not. */
function expectMet(asked: Record<string, unknown>, got: Awaited<ReturnType<typeof look>>, words: string): void {
  if (asked.width !== undefined) expect(got.width, words).toBe(asked.width);
  if (asked.height !== undefined) expect(got.height, words).toBe(asked.height);
  if (typeof asked.format === 'string') expect(got.format, words).toBe(asked.format);
  if (typeof asked.max_kb === 'number' && got.bytes > asked.max_kb * 1000) expect(words).toContain(`max_kb: ${asked.max_kb} was asked`);
  if (asked.background === 'transparent' && !got.hasAlpha) expect(words).toContain('the file is opaque');
  if (typeof asked.aspect_ratio === 'string' && asked.width === undefined && asked.height === undefined) {
    const [x = 1, y = 1] = asked.aspect_ratio.split(':').map(Number);
    const isSame = Math.abs(got.width - (got.height * x) / y) <= 1 || Math.abs(got.height - (got.width * y) / x) <= 1;
    if (!isSame) expect(words).toContain(`Shape: ${asked.aspect_ratio} was asked`);
  }
}

test('70 random wishes for a new picture are met to the pixel, or what is not is said, or nothing was paid', async ({ limner, google }) => {
  const random = createRandom(2026);
  const scene = await busyPicture(1408, 768);
  google.always(async (request) => {
    const size = { width: 1024, height: 1024 };
    const isCut = request.texts.join('').includes('Background:');
    return answers.picture({
      bytes: isCut ? await ballOn(groundOf(request), size) : await sharp(scene).jpeg().toBuffer(),
      signatureBytes: 0,
    })(request);
  });
  let refused = 0;
  for (let index = 0; index < 70; index += 1) {
    const asked: Record<string, unknown> = {
      ...random.perhaps(0.6, 'width', random.edge),
      ...random.perhaps(0.6, 'height', random.edge),
      ...random.perhaps(0.7, 'format', () => random.pick(formats)),
      ...random.perhaps(0.4, 'aspect_ratio', () => random.pick(['1:1', '16:9', '3:1', '2:3', '9:21', '5:7'])),
      ...random.perhaps(0.4, 'max_kb', () => random.pick([4, 20, 60, 200, 2000])),
      ...random.perhaps(0.25, 'background', () => 'transparent'),
    };
    const before = google.requests.length;
    const answer = await limner.call('generate_image', { prompt: `A ball ${index}`, ...asked });
    if (answer.isError) {
      refused += 1;
      expect(google.requests.length, answer.text).toBe(before);
      continue;
    }
    expectMet(asked, await look(answer.file.path), answer.text);
  }
  expect(refused).toBeLessThan(35);
});

test('70 random exports are met to the pixel, or what is not is said, or nothing was written', async ({ limner, google, computer }) => {
  const random = createRandom(7);
  await computer.write(
    'photo.jpg',
    await sharp(await busyPicture(900, 600))
      .jpeg()
      .toBuffer(),
  );
  await computer.write('logo.png', await ballOn('#ffffff', { width: 640, height: 480 }).then((bytes) => sharp(bytes).png().toBuffer()));
  await computer.write(
    'lying.jpg',
    await sharp(await busyPicture(600, 400))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer(),
  );
  let refused = 0;
  for (let index = 0; index < 70; index += 1) {
    const asked: Record<string, unknown> = {
      ...random.perhaps(0.7, 'width', random.edge),
      ...random.perhaps(0.7, 'height', random.edge),
      ...random.perhaps(0.7, 'format', () => random.pick(formats)),
      ...random.perhaps(0.5, 'fit', () => random.pick(['cover', 'contain'])),
      ...random.perhaps(0.4, 'max_kb', () => random.pick([4, 20, 60, 200, 2000])),
      ...random.perhaps(0.3, 'trim', () => true),
    };
    const image = random.pick(['photo.jpg', 'logo.png', 'lying.jpg']);
    const cut = image === 'logo.png' ? random.perhaps(0.5, 'background', () => 'transparent') : {};
    const answer = await limner.call('export_image', { images: [image], output: `out/${index}/`, ...asked, ...cut });
    if (answer.isError) {
      refused += 1;
      expect(answer.text).toContain('jpeg has no transparency');
      continue;
    }
    const [file] = answer.exported.files;
    const got = await look(file?.path ?? '');
    expect([file?.bytes]).toEqual([got.bytes]);
    expectMet({ ...asked, ...cut }, got, answer.text);
  }
  expect(refused).toBeLessThan(20);
  expect(google.requests).toHaveLength(0);
});
