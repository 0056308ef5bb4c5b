import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bentCalls } from './bent-arguments.ts';
import { type Computer, type Limner, makeComputer, photo, startLimner, withKey } from './fixtures.ts';
import { answers, type Google, startGoogle } from './google/index.ts';

/**
 * Every bent call is sent for real, and after it the straight call it should be. What Google got and what was saved must be the same for both; a refused call
 * must cost nothing and write nothing.
 */
const given = ['a.png', 'b.png', 'c.png', 'd.png', 'm.png', join('pics', 'a.png'), join('pics', 'b.png')];

let google: Google;
let computer: Computer;
let limner: Limner;

beforeAll(async () => {
  google = await startGoogle();
  google.always(answers.picture({ signatureBytes: 0 }));
  computer = await makeComputer();
  for (const name of given) await computer.write(name, name === 'm.png' ? await leftHalf(96, 64) : await photo(96, 64));
  limner = await startLimner(computer, { env: { ...withKey(google), LIMNER_PREVIEW: 'none', LIMNER_MAX_REPEATS: '0' } });
});

afterAll(async () => {
  await limner.close();
  await google.close();
  await rm(computer.home, { recursive: true, force: true });
});

/** What Google was asked and what the files are called and made of, without what differs from call to call. */
async function send(tool: string, args: Record<string, unknown>) {
  const first = google.requests.length;
  const answer = await limner.call(tool, args);
  const asked = google.requests.slice(first).map(({ model, texts, images, aspectRatio, imageSize, search }) => ({
    model,
    texts,
    pictures: images.length,
    aspectRatio,
    imageSize,
    search,
  }));
  return { answer, asked };
}

/** A mask: white on the left, where change is allowed. */
async function leftHalf(width: number, height: number): Promise<Buffer> {
  const white = { create: { width: width / 2, height, channels: 3, background: '#ffffff' } } as const;
  const black = { create: { width, height, channels: 3, background: '#000000' } } as const;
  return sharp(black)
    .composite([{ input: white, left: 0, top: 0 }])
    .png()
    .toBuffer();
}

/** Every file of the project beside the given pictures, by its path, as the sha256 of its bytes. */
async function readMade(): Promise<Record<string, string>> {
  const entries = await readdir(computer.project, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const made = paths.filter((path) => !given.includes(relative(computer.project, path))).sort();
  const hashes = made.map(async (path) => [
    relative(computer.project, path),
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  ]);
  return Object.fromEntries(await Promise.all(hashes));
}

/** Exports into a project that holds the given pictures and nothing else. */
async function exportAfresh(args: Record<string, unknown>) {
  for (const path of Object.keys(await readMade())) await rm(join(computer.project, path));
  const { answer, asked } = await send('export_image', args);
  return { answer, asked, made: await readMade() };
}

/** A straight call repeats its bent twin's file name, so it may replace that file. */
const repeated = (args: Record<string, unknown>) => ('output' in args ? { ...args, overwrite: true } : args);

/** MCP itself lets nothing but an object through. */
const sendable = bentCalls.flatMap((row) => {
  const { arguments: bent } = row;
  return typeof bent === 'object' && bent !== null && !Array.isArray(bent)
    ? [{ ...row, arguments: Object.fromEntries(Object.entries(bent)) }]
    : [];
});

test('the table is as broad as it claims', () => {
  expect(sendable.length).toBeGreaterThanOrEqual(700);
  for (const tool of ['generate_image', 'edit_image', 'compose_images', 'export_image'])
    expect(sendable.filter((row) => row.tool === tool).length).toBeGreaterThan(40);
});

/** A dry run sends nothing; what it tells is the same. */
async function comparePlans(tool: string, bent: Record<string, unknown>, straight: Record<string, unknown>): Promise<void> {
  const [first, second] = [await send(tool, bent), await send(tool, straight)];
  expect(first.answer.isError, first.answer.text).toBe(false);
  expect(first.answer.plan).toEqual(second.answer.plan);
  expect([...first.asked, ...second.asked]).toEqual([]);
}

describe('a bent call is the straight call', () => {
  for (const row of sendable) {
    if (!('becomes' in row) || row.tool === 'export_image') continue;
    test(`${row.tool}: ${row.name}`, async () => {
      if (row.becomes.dry_run === true) return comparePlans(row.tool, row.arguments, row.becomes);
      const bent = await send(row.tool, row.arguments);
      const straight = await send(row.tool, repeated(row.becomes));
      expect(bent.answer.isError, bent.answer.text).toBe(false);
      expect(bent.asked.length).toBeGreaterThan(0);
      expect(bent.asked).toEqual(straight.asked);
      const named = 'output' in row.becomes && !String(row.becomes.output).endsWith('/');
      const made = (answer: typeof bent.answer) =>
        answer.facts.images.map(({ width, height, format, alt, path }) => ({
          width,
          height,
          format,
          alt,
          path: named ? path : dirname(path),
        }));
      expect(made(bent.answer)).toEqual(made(straight.answer));
    });
  }
});

describe('a bent export is the straight export, to the byte', () => {
  for (const row of sendable) {
    if (!('becomes' in row) || row.tool !== 'export_image') continue;
    test(row.name, async () => {
      const bent = await exportAfresh(row.arguments);
      expect(bent.answer.isError, bent.answer.text).toBe(false);
      const straight = await exportAfresh(row.becomes);
      expect(Object.keys(bent.made).length).toBeGreaterThan(0);
      expect(bent.made).toEqual(straight.made);
      expect([...bent.asked, ...straight.asked]).toEqual([]);
    });
  }
});

describe('a wish that has no place is refused, free, in words that teach', () => {
  for (const row of sendable) {
    if (!('refused' in row)) continue;
    test(`${row.tool}: ${row.name}`, async () => {
      const before = await readMade();
      const { answer, asked } = await send(row.tool, row.arguments);
      expect(await readMade()).toEqual(before);
      expect(answer.isError).toBe(true);
      expect(answer.text).toMatch(row.refused);
      expect(answer.text).toContain('Nothing was generated and nothing was charged.');
      expect(asked).toEqual([]);
    });
  }
});
