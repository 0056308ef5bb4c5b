import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { expect } from 'vitest';
import { requireAllowed } from '../../src/files/paths.ts';
import { ensureWritable, publish } from '../../src/files/publish.ts';
import { readPictureFile } from '../../src/files/read.ts';
import { type Computer, type Limner, test } from '../fixtures.ts';
import { amount, figure } from './form.ts';
import { canary, changesBetween, holdsCanary, snapshot } from './hostile-ground.ts';

/** A name, and where the link that takes its place for moments leads. */
interface Pair {
  path: string;
  target: string;
}

/** Exchanges names in a process of its own; resolves with how often, once stopped. */
async function startSwapping(pairs: readonly Pair[]): Promise<() => Promise<number>> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./swapper.js', import.meta.url)), JSON.stringify(pairs)], {
    stdio: 'pipe',
  });
  const [closed, said] = [once(child, 'close'), text(child.stdout)];
  await once(child.stderr, 'data');
  return async () => {
    child.stdin.end('stop');
    expect((await closed)[0]).toBe(0);
    return Number(await said);
  };
}

const [ours, theirs] = ['#10c040', '#c010c0'];

async function plainPicture(colour: string): Promise<Buffer> {
  const picture = sharp({ create: { width: 16, height: 16, channels: 3, background: colour } });
  return picture
    .withExif({ IFD0: { ImageDescription: colour === theirs ? canary : 'ours' } })
    .png()
    .toBuffer();
}

/** True for a picture made of what lies outside. */
async function isTheirs(bytes: Uint8Array): Promise<boolean> {
  const [red = 0, green = 255] = await sharp(bytes).raw().toBuffer();
  return red > green;
}

const below = ['file.png', 'folder/fox.png', 'top/in/between/fox.png'];

/** The same names in the project and outside of it, with another picture. */
async function makeTwins(computer: Computer): Promise<{ outside: string; inside: string; pairs: Pair[] }> {
  const [inside, outside] = [join(computer.project, 'race'), join(computer.home, 'outside')];
  for (const [folder, colour] of [
    [inside, ours],
    [outside, theirs],
  ] as const) {
    for (const name of below) await computer.write(relative(computer.project, join(folder, name)), await plainPicture(colour));
  }
  const pairs = ['file.png', 'folder', 'top'].map((name) => ({ path: join(inside, name), target: join(outside, name) }));
  return { inside, outside, pairs };
}

/**
 * Calls one after the other in several lanes until the time is over, and on a busy machine until there was a success and an exchange that was noticed;
 * resolves with the answers that were successes, and how many were tried.
 */
async function callFor(seconds: number, limner: Limner, toArguments: (number: number) => Record<string, unknown>) {
  const until = performance.now() + seconds * 1000;
  const isOver = () => performance.now() > until + (served.length > 0 && refused.has('not_allowed') ? 0 : 20_000);
  const served: Awaited<ReturnType<Limner['call']>>[] = [];
  const refused = new Map<string, number>();
  let tried = 0;
  const lane = async () => {
    while (!isOver()) {
      tried += 1;
      const answer = await limner.call('export_image', toArguments(tried));
      if (answer.isError) refused.set(answer.code, (refused.get(answer.code) ?? 0) + 1);
      else served.push(answer);
    }
  };
  await Promise.all(Array.from({ length: 6 }, lane));
  return { tried, served, refused };
}

const seconds = amount(2, 20);

test('while a file, its folder and the folder above are exchanged for links, no picture from outside is read', async ({
  start,
  computer,
}) => {
  const { pairs } = await makeTwins(computer);
  const limner = await start({ env: { LIMNER_BACKEND: 'standin', LIMNER_PREVIEW: '512' } });
  const stop = await startSwapping(pairs);
  const { tried, served, refused } = await callFor(seconds, limner, (number) => ({
    images: [`race/${below[number % below.length]}`],
    format: 'png',
    output: `done/${number}.png`,
  }));
  const swaps = await stop();
  let leaks = 0;
  for (const { exported, previews } of served) {
    const files = await Promise.all(exported.files.map(({ path }) => readFile(path)));
    for (const bytes of [...files, ...previews.map((preview) => preview.bytes)]) if (await isTheirs(bytes)) leaks += 1;
  }
  const kinds = [...refused].map(([code, count]) => `${count} ${code}`).join(', ');
  figure(
    'races of reading',
    `${leaks} leaks in ${tried} reads, ${served.length} served, refused: ${kinds}; ${swaps} swaps in ${seconds} s`,
  );
  expect(leaks).toBe(0);
  expect(await holdsCanary(computer.state)).toBe(false);
  expect(served.length).toBeGreaterThan(0);
  expect(refused.get('not_allowed')).toBeGreaterThan(0);
});

test('while they are exchanged, nothing is written, made or replaced outside', async ({ start, computer }) => {
  const { inside, outside, pairs } = await makeTwins(computer);
  await computer.write('source.png', await plainPicture(ours));
  const limner = await start({ env: { LIMNER_BACKEND: 'standin', LIMNER_PREVIEW: 'none' } });
  const before = await snapshot(outside);
  const stop = await startSwapping(pairs);
  const { tried, served, refused } = await callFor(seconds, limner, (number) => {
    const outputs = [
      `folder/${number}.png`,
      `top/in/between/${number}.png`,
      `folder/new/${number}/x.png`,
      `top/new-${number}/`,
      'file.png',
    ];
    const output = outputs[number % outputs.length] ?? '';
    return { images: ['source.png'], output: `race/${output}`, overwrite: output === 'file.png' };
  });
  const swaps = await stop();
  const changed = changesBetween(outside, before, await snapshot(outside));
  const kinds = [...refused].map(([code, count]) => `${count} ${code}`).join(', ');
  figure(
    'races of writing',
    `${changed.length} files made or changed outside in ${tried} writes, ${served.length} served, refused: ${kinds}; ${swaps} swaps in ${seconds} s`,
  );
  expect(changed).toEqual([]);
  expect(await holdsCanary(computer.state)).toBe(false);
  const strays = [...(await snapshot(inside)).keys()].filter((path) => path.endsWith('.part'));
  expect(strays).toEqual([]);
  expect(served.length).toBeGreaterThan(0);
  expect(refused.get('not_allowed')).toBeGreaterThan(0);
});

/** Works in several lanes until the time is over, and longer where one of the two has not been seen; resolves with how often it was done, and how often refused. */
async function repeat(work: (number: number) => Promise<unknown>): Promise<{ done: number; refused: number }> {
  const started = performance.now();
  let [done, refused] = [0, 0];
  const isOver = () => performance.now() - started > (Math.min(done, refused) > 0 ? amount(500, 10_000) : 30_000);
  const lane = async () => {
    while (!isOver()) {
      await work(done + refused).then(
        () => done++,
        () => refused++,
      );
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return { done, refused };
}

test('the doors to the disk alone, as fast as they go, let nothing in or out', async ({ computer }) => {
  const { inside, outside, pairs } = await makeTwins(computer);
  const { project, home, state: stateDir } = computer;
  const places = { allowedDirs: [project], projectDir: project, outputDir: project, stateDir, home, platform: process.platform };
  const before = await snapshot(outside);
  const stop = await startSwapping(pairs);
  let leaks = 0;
  const reads = await repeat(async (number) => {
    const { bytes } = await readPictureFile(join(inside, below[number % below.length] ?? ''), places);
    if (Buffer.from(bytes).includes(canary)) leaks += 1;
  });
  const writes = await repeat(async (number) => {
    const folder = await requireAllowed(join(inside, ['folder', 'top/in/between', `top/${number}`][number % 3] ?? ''), places, 'write');
    await ensureWritable(folder, 1, places);
    await publish(join(folder, `${number}.png`), Buffer.from('ours'), number % 2 ? 'replace' : 'number', { places });
  });
  const swaps = await stop();
  const changed = changesBetween(outside, before, await snapshot(outside));
  figure(
    'races at the doors, reading',
    `${leaks} leaks in ${reads.done + reads.refused} reads, ${reads.done} served, ${swaps} swaps in all`,
  );
  figure('races at the doors, writing', `${changed.length} files outside in ${writes.done + writes.refused} writes, ${writes.done} served`);
  expect(leaks).toBe(0);
  expect(changed).toEqual([]);
  expect(Math.min(reads.done, reads.refused, writes.done, writes.refused)).toBeGreaterThan(0);
});

test('an allowed folder that is exchanged for a link later opens nothing of what that leads to', async ({ start, computer }) => {
  const { outside } = await makeTwins(computer);
  const art = join(computer.home, 'art');
  await mkdir(art);
  const limner = await start({ env: { LIMNER_BACKEND: 'standin', LIMNER_ALLOWED_DIRS: art } });
  expect((await limner.call('export_image', { images: ['race/file.png'], output: `${art}/fox.png` })).isError).toBe(false);
  await rename(art, `${art}.real`);
  await symlink(outside, art);
  for (const args of [{ images: [join(art, 'file.png')] }, { images: ['race/file.png'], output: `${art}/new.png` }]) {
    expect(await limner.call('export_image', args)).toMatchObject({ isError: true, code: 'not_allowed' });
  }
});
