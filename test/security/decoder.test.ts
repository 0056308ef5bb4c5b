import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { expect, vi } from 'vitest';
import { built, photo, startLimner, withKey } from '../fixtures.ts';
import { answers, testKey } from '../google/index.ts';
import { type Raw, small, withServer } from '../raw.ts';
import { amount, figure } from './form.ts';
import { childrenOf, isAlive, isTold, readOf, workOf } from './processes.ts';

const run = promisify(execFile);

const test = withServer();

/** A few kilobytes whose decoding takes a second or more, within every limit. */
const heavy = sharp({ create: { width: 7000, height: 7000, channels: 4, background: { r: 200, g: 30, b: 90, alpha: 0.5 } } })
  .webp({ effort: 0 })
  .toBuffer();

/** A process that decodes pictures for this server, once it has worked for a while on the job it has now. */
async function busyDecoder({ pid }: Raw): Promise<number> {
  const since = new Map<number, number>();
  return vi.waitFor(
    async () => {
      for (const child of await childrenOf(pid)) {
        const work = await workOf(child);
        const start = since.get(child);
        if (start === undefined) since.set(child, work);
        // Its own start takes less.
        else if (work - start > 0.6 && (await isAlive(child))) return child;
      }
      throw new Error('no decoder is at work');
    },
    { timeout: 30_000, interval: 10 },
  );
}

/** What may become of a process: killed, crashed, out of memory. */
const deaths = {
  SIGKILL: (pid: number) => void process.kill(pid, 'SIGKILL'),
  SIGSEGV: (pid: number) => void process.kill(pid, 'SIGSEGV'),
  'no memory': async (pid: number) => {
    await run('prlimit', ['--pid', String(pid), '--as=1000000']);
  },
};

test.runIf(isTold)('a decoder that dies over a picture costs that call and nothing else', async ({ server, google, computer }) => {
  await computer.write('heavy.webp', await heavy);
  await computer.write('photo.png', await photo(300, 200));
  const ways = Object.entries(deaths);
  const rounds = amount(3, 100);
  let [refused, survived] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const [way, kill] = ways[round % ways.length] ?? ['', deaths.SIGKILL];
    const call = server.call('edit_image', { prompt: `Brighter ${round}`, image: 'heavy.webp' });
    await kill(await busyDecoder(server));
    const answer = await call;
    expect([way, answer.isError, answer.code]).toEqual([way, true, 'unreadable_image']);
    expect(answer.text).toMatch(
      way === 'no memory'
        ? /heavy\.webp" (could not be worked on|is damaged)/
        : way === 'SIGKILL'
          ? /heavy\.webp" could not be worked on: the decoder was ended from outside.*ran out of memory/
          : /heavy\.webp" could not be worked on: the decoder crashed on it \(SIGSEGV\)/,
    );
    expect(google.requests).toHaveLength(round);
    refused += 1;
    const next = await server.call('edit_image', { prompt: `Brighter ${round}`, image: 'photo.png', output: 'out/' });
    expect(next.isError, next.text).toBe(false);
    expect(next.blocks).toContain('image');
    survived += 1;
  }
  figure('decoder killed', `${refused} of ${rounds} calls got their error, and ${survived} of ${rounds} calls after them their picture`);
});

test.runIf(isTold)('a decoder that never answers is killed', async ({ server, google, computer }) => {
  // In the short form it is killed from outside: waiting for the limit takes most of a minute.
  await computer.write('heavy.webp', await heavy);
  const call = server.call('edit_image', { prompt: 'Brighter', image: 'heavy.webp' });
  const decoder = await busyDecoder(server);
  process.kill(decoder, 'SIGSTOP');
  const isWhole = amount(0, 1) === 1;
  if (!isWhole) process.kill(decoder, 'SIGKILL');
  const answer = await call;
  expect(answer.text).toMatch(isWhole ? /that took longer than 10 s\. Make it smaller/ : /ended from outside/);
  expect(await isAlive(decoder)).toBe(false);
  expect(google.requests).toHaveLength(0);
});

test.runIf(isTold)('a paid picture is delivered, whatever becomes of its decoder', async ({ server, google }) => {
  const bytes = await sharp({ create: { width: 7000, height: 7000, channels: 4, background: { r: 200, g: 30, b: 90, alpha: 0.5 } } })
    .toColourspace('rgb16')
    .png({ compressionLevel: 1 })
    .toBuffer();
  google.always(answers.picture({ bytes, signatureBytes: 0 }));
  const rounds = amount(1, 20);
  for (let round = 0; round < rounds; round++) {
    const isConverted = round % 2 === 1;
    const call = server.call('generate_image', { prompt: `A fox ${round}`, ...(isConverted && { format: 'webp', width: 100 }) });
    // The conversion, then the preview.
    for (let death = isConverted ? 0 : 1; death < 2; death++) process.kill(await busyDecoder(server), 'SIGKILL');
    const answer = await call;
    expect(answer.isError, answer.text).toBe(false);
    expect(answer.blocks).not.toContain('image');
    expect(answer.text).toMatch(/preview could not be made\. The picture could not be worked on: the decoder was ended from outside/);
    if (isConverted) expect(answer.text).toMatch(/it is delivered as the model made it/);
    expect((await readFile(answer.file.path)).equals(bytes)).toBe(true);
    expect(google.requests).toHaveLength(round + 1);
  }
  figure('paid pictures whose decoder is killed', `${google.requests.length} of ${rounds} delivered as they came`);
});

test.runIf(isTold)(
  'the decoder ends with the server, even when that is killed in the middle of a job',
  async ({ raw, google, computer }) => {
    await computer.write('heavy.webp', await heavy);
    let orphans = 0;
    const rounds = amount(1, 20);
    for (let round = 0; round < rounds; round++) {
      const server = raw(withKey(google));
      await server.initialize();
      server.send({
        id: 'a',
        method: 'tools/call',
        params: { name: 'edit_image', arguments: { prompt: 'Brighter', image: 'heavy.webp' } },
      });
      const decoder = await busyDecoder(server);
      server.kill('SIGKILL');
      await server.exit;
      await vi
        .waitFor(async () => expect(await isAlive(decoder)).toBe(false), { timeout: 2000 })
        .catch(() => {
          orphans += 1;
        });
    }
    expect(orphans).toBe(0);
    figure('server killed while it decodes', `${orphans} orphans of ${rounds}`);
  },
);

test.runIf(isTold)('the server never holds the decoder’s library, the decoder never the key', async ({ server, computer }) => {
  await computer.write('photo.png', await photo(300, 200));
  await server.call('edit_image', { prompt: 'Brighter', image: 'photo.png', format: 'webp', width: 100 });
  await server.call('export_image', { images: ['photo.png'], preset: 'favicon', output: 'icons/' });
  const [decoder = 0] = await childrenOf(server.pid);
  expect(await readOf(decoder, 'maps')).toMatch(/libvips/);
  expect(await readOf(server.pid, 'maps')).not.toMatch(/libvips|sharp/);
  expect(await readOf(server.pid, 'environ')).toContain(testKey);
  expect((await readOf(decoder, 'environ')).replace(/MALLOC_\w+=\d+\0?/g, '')).toBe('');
});

test('where sharp cannot be loaded, pictures are made without preview and the rest says what to install', async ({ computer, google }) => {
  const copy = join(computer.state, '..', 'limner');
  await mkdir(join(copy, 'node_modules'), { recursive: true });
  const root = join(dirname(built), '..');
  await cp(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
  await cp(join(root, 'package.json'), join(copy, 'package.json'));
  const installed = (await readdir(join(root, 'node_modules'))).filter(
    (name) => name !== 'sharp' && name !== '@img' && !name.startsWith('.'),
  );
  await Promise.all(installed.map((name) => symlink(join(root, 'node_modules', name), join(copy, 'node_modules', name))));
  const limner = await startLimner(computer, { program: join(copy, 'dist', 'index.js'), env: withKey(google) });
  try {
    expect((await limner.client.listTools()).tools.map(({ name }) => name)).toContain('edit_image');
    const made = await limner.call('generate_image', { prompt: 'A fox' });
    expect([made.isError, made.blocks.includes('image')]).toEqual([false, false]);
    expect(made.text).toMatch(/sharp, the library for it, could not be loaded .*npm install --include=optional/);
    expect(made.file).toMatchObject({ width: small.width, height: small.height });
    await computer.write('photo.png', await photo(300, 200));
    const edited = await limner.call('edit_image', { prompt: 'Brighter', image: 'photo.png' });
    expect([edited.isError, edited.code]).toEqual([true, 'settings']);
    expect(edited.text).toMatch(/could not be loaded .*npm install --include=optional/);
    expect(google.requests).toHaveLength(1);
  } finally {
    await limner.close();
  }
});

test('where Node is gone from its place, each call hears that the decoder could not be started', async ({ computer, google }) => {
  const folder = join(computer.home, 'node');
  const node = join(folder, 'bin', 'node');
  await mkdir(dirname(node), { recursive: true });
  await copyFile(process.execPath, node);
  await computer.write('photo.png', await photo(300, 200));
  const limner = await startLimner(computer, { node, env: withKey(google) });
  try {
    // Asked for by a path that goes through a file, the system says what Node throws instead of telling it later.
    await rm(folder, { recursive: true });
    await writeFile(folder, 'no folder');
    for (const prompt of ['Brighter', 'Darker']) {
      const answer = await limner.call('edit_image', { prompt, image: 'photo.png' });
      expect([answer.isError, answer.code]).toEqual([true, 'unreadable_image']);
      expect(answer.text).toMatch(
        /photo\.png" could not be worked on: the decoder could not be started \(.*\)\. The picture is not to blame/,
      );
    }
    const made = await limner.call('generate_image', { prompt: 'A fox' });
    expect([made.isError, made.blocks.includes('image')]).toEqual([false, false]);
    expect(google.requests).toHaveLength(1);
  } finally {
    await limner.close();
  }
});

test('tools/list is answered at once while 50 million pixels are decoded and 20 calls run', async ({ server, computer }) => {
  await computer.write('heavy.webp', await heavy);
  await computer.write('photo.png', await photo(300, 200));
  const waits: number[] = [];
  const rounds = amount(1, 10);
  for (let round = 0; round < rounds; round++) {
    let isDone = false;
    const calls = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0
        ? server.call('edit_image', { prompt: `At night ${round}-${index}`, image: index === 0 ? 'heavy.webp' : 'photo.png' })
        : server.call('generate_image', { prompt: `A fox ${round}-${index}` }),
    );
    const all = Promise.all(calls).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      const asked = performance.now();
      await server.request('tools/list', {});
      waits.push(performance.now() - asked);
    }
    for (const answer of await all) expect(answer.isError, answer.text).toBe(false);
  }
  waits.sort((a, b) => a - b);
  const [longest = 0, late = 0] = [waits.at(-1), waits[Math.floor(waits.length * 0.99)]];
  figure(
    'tools/list while 50 megapixels are decoded and 20 calls run',
    `${waits.length} answers, 99 % within ${late.toFixed(0)} ms, longest ${longest.toFixed(0)} ms`,
  );
  expect(late).toBeLessThan(250);
});

test('a cancelled export stops at once and writes nothing; what is paid for does not wait behind the others', async ({
  server,
  google,
  computer,
}) => {
  await computer.write('heavy.webp', await heavy);
  const slow = { images: ['heavy.webp', 'heavy.webp'], format: 'avif', width: 3000, max_kb: 200, output: 'made/' };
  const ask = (id: string) => server.send({ id, method: 'tools/call', params: { name: 'export_image', arguments: slow } });
  for (const id of ['first', 'second', 'third']) ask(id);
  await busyDecoder(server);
  for (const requestId of ['first', 'second', 'third']) server.send({ method: 'notifications/cancelled', params: { requestId } });
  const since = performance.now();
  const paid = await server.call('generate_image', { prompt: 'A red fox', width: 200, height: 150 });
  expect(paid.isError, paid.text).toBe(false);
  expect(performance.now() - since).toBeLessThan(10_000);
  expect(google.requests).toHaveLength(1);
  expect(await readdir(computer.project)).not.toContain('made');
  server.end();
  expect(await server.exit).toBe(0);
});
