import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodePng } from './parsers.ts';
import { drawFox, drawHills, exportOne, fileOf } from './pictures.ts';

/** Numbers in [0, 1), the same for each seed (a linear congruential generator). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x80000000;
  };
}

interface Art {
  width: number;
  height: number;
  rgb: Buffer;
  colours: number;
}

/** Discs with outlines and loose pixels, in eight colours that are far apart. */
function drawArt(width: number, height: number, seed: number): Art {
  const next = random(seed);
  const palette = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => [(index & 4) * 50 + 20, (index & 2) * 100 + 25, (index & 1) * 180 + 30]);
  const rgb = Buffer.alloc(width * height * 3);
  const paint = (x: number, y: number, index: number) => rgb.set(palette[index % 8] ?? [], (y * width + x) * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) paint(x, y, 0);
  for (let disc = 0; disc < 14; disc++) {
    const [middleX, middleY, radius, index] = [next() * width, next() * height, (0.05 + next() * 0.2) * width, Math.floor(next() * 8)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const distance = Math.hypot(x - middleX, y - middleY);
        if (distance < radius) paint(x, y, distance > radius - 1.2 ? index : index + 1);
      }
    }
  }
  for (let pixel = 0; pixel < (width * height) / 30; pixel++)
    paint(Math.floor(next() * width), Math.floor(next() * height), Math.floor(next() * 8));
  return { width, height, rgb, colours: new Set(Array.from({ length: width * height }, (_, index) => rgb.readUIntBE(index * 3, 3))).size };
}

/** The art with fat pixels whose lines stand up to `unevenness` of a cell off, as a model would paint it. */
function fatten(art: Art, width: number, height: number, unevenness: number): Buffer {
  const next = random(5);
  const lines = (count: number, length: number) =>
    Array.from({ length: count + 1 }, (_, index) => {
      const offset = index === 0 || index === count ? 0 : (next() - 0.5) * 2 * unevenness;
      return Math.round(((index + offset) * length) / count);
    });
  const [columns, rows] = [lines(art.width, width), lines(art.height, height)];
  const fat = Buffer.alloc(width * height * 3);
  for (let row = 0; row < art.height; row++) {
    for (let column = 0; column < art.width; column++) {
      const colour = art.rgb.subarray((row * art.width + column) * 3).subarray(0, 3);
      for (let y = rows[row] ?? 0; y < (rows[row + 1] ?? 0); y++) {
        for (let x = columns[column] ?? 0; x < (columns[column + 1] ?? 0); x++) fat.set(colour, (y * width + x) * 3);
      }
    }
  }
  return fat;
}

function encode(fat: Buffer, width: number, height: number, blur: number, quality: number): Promise<Buffer> {
  return sharp(fat, { raw: { width, height, channels: 3 } })
    .blur(blur)
    .jpeg({ quality })
    .toBuffer();
}

interface Painted {
  grid: readonly [width: number, height: number];
  size: readonly [width: number, height: number];
  uneven: number;
  blur: number;
  quality: number;
}

test.each<Painted>([
  { grid: [96, 96], size: [1024, 1024], uneven: 0, blur: 0.8, quality: 90 },
  { grid: [96, 96], size: [1024, 1024], uneven: 0.08, blur: 0.8, quality: 85 },
  { grid: [32, 32], size: [1024, 1024], uneven: 0.12, blur: 1.2, quality: 75 },
  { grid: [48, 48], size: [1024, 1024], uneven: 0.12, blur: 1.2, quality: 75 },
  { grid: [128, 128], size: [1024, 1024], uneven: 0.08, blur: 0.8, quality: 85 },
  { grid: [160, 90], size: [1376, 768], uneven: 0.08, blur: 0.8, quality: 85 },
  { grid: [100, 75], size: [1184, 864], uneven: 0.08, blur: 0.8, quality: 85 },
  { grid: [64, 64], size: [2048, 2048], uneven: 0.05, blur: 1.6, quality: 85 },
] as const)(
  'the grid $grid of a JPEG of $size is found, uneven by $uneven, and its pixels are the drawn ones',
  async ({ grid, size, uneven, blur, quality }) => {
    const art = drawArt(grid[0], grid[1], 1);
    const painted = await encode(fatten(art, size[0], size[1], uneven), size[0], size[1], blur, quality);
    const { files } = await exportOne('art.jpg', painted, { preset: 'pixel-art' });
    const found = decodePng(files[0]?.bytes ?? Buffer.alloc(0));
    expect([found.width, found.height]).toEqual(grid);
    let same = 0;
    for (let index = 0; index < art.width * art.height; index++) {
      const off = [0, 1, 2].map((channel) => Math.abs((found.rgba[index * 4 + channel] ?? 0) - (art.rgb[index * 3 + channel] ?? 0)));
      if (Math.max(...off) <= 16) same++;
    }
    expect(same / (art.width * art.height)).toBeGreaterThan(0.99);
  },
);

test('the result says the grid and the exact number of colours, and the enlarged copy has the same', async () => {
  const art = drawArt(64, 64, 3);
  const painted = await encode(fatten(art, 1024, 1024, 0), 1024, 1024, 0.8, 90);
  const { files } = await exportOne('art.jpg', painted, { preset: 'pixel-art' });
  expect(files.map(({ name, width, height }) => [name, width, height])).toEqual([
    ['art.png', 64, 64],
    ['art-16x.png', 1024, 1024],
  ]);
  const coloursOf = (bytes: Uint8Array) => {
    const { rgba } = decodePng(bytes);
    return new Set(Array.from({ length: rgba.length / 4 }, (_, index) => rgba.readUInt32BE(index * 4))).size;
  };
  expect(files.map(({ bytes }) => coloursOf(bytes))).toEqual([art.colours, art.colours]);
  expect(files[0]?.notes.join()).toMatch(new RegExp(`Grid 64×64 found in 1024×1024, fat pixels of 16\\.00; ${art.colours} colours`));
});

test('a width is the number of pixels across; colours are at most 32 and alpha is all or nothing', async () => {
  const exported = await exportOne('fox.png', await drawFox(), { preset: 'pixel-art', width: 40 });
  const art = decodePng(fileOf(exported, 'fox.png').bytes);
  expect([art.width, art.height]).toEqual([40, 40]);
  const alphas = new Set(art.rgba.filter((_, index) => index % 4 === 3));
  expect([...alphas].sort()).toEqual([0, 255]);
  const seen = Array.from({ length: 1600 }, (_, index) => art.rgba.readUInt32BE(index * 4)).filter((rgba) => (rgba & 255) === 255);
  expect(new Set(seen).size).toBeLessThanOrEqual(32);
});

test.each([20, 75, 92])('a smooth picture in JPEG of quality %i has blocks of eight, and no grid', async (quality) => {
  const hills = await sharp(await drawHills(1024, 768))
    .jpeg({ quality })
    .toBuffer();
  await expect(exportOne('hills.jpg', hills, { preset: 'pixel-art' })).rejects.toThrow(/no grid of fat pixels/);
});

test('true pixel art stays as it is', async () => {
  const { width, height, rgb } = drawArt(48, 32, 2);
  const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const { files } = await exportOne('art.png', png, { preset: 'pixel-art' });
  expect(decodePng(files[0]?.bytes ?? Buffer.alloc(0)).rgba.equals(decodePng(png).rgba)).toBe(true);
});
