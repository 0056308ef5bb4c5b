import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { expect } from 'vitest';
import { z } from 'zod';
import { built, test, withKey } from '../fixtures.ts';
import { answers } from '../google/index.ts';
import { busyPicture, groundOf } from '../scenes.ts';

const run = promisify(execFile);
const edge = 4096;
const rounds = 5;

/** A subject with much detail, alone on a flat ground, its right half see-through: much work for the cut and for the encoder. */
async function subjectOn(ground: string, moved = 0): Promise<Buffer> {
  const shape = `<svg xmlns="http://www.w3.org/2000/svg" width="${edge}" height="${edge}"><circle cx="${edge / 2}" cy="${edge / 2}" r="${edge * 0.4}" fill="url(#f)"/><defs><linearGradient id="f"><stop offset=".5" stop-color="#fff"/><stop offset="1" stop-color="#fff" stop-opacity=".3"/></linearGradient></defs></svg>`;
  const cut = await sharp(await busyPicture(edge, edge))
    .ensureAlpha()
    .composite([{ input: Buffer.from(shape), blend: 'dest-in' }])
    .png()
    .toBuffer();
  const place = { left: moved, top: moved, right: 0, bottom: 0, background: ground };
  const flat = await sharp(cut).flatten({ background: ground }).extend(place).png({ compressionLevel: 1 }).toBuffer();
  return sharp(flat).extract({ left: 0, top: 0, width: edge, height: edge }).png({ compressionLevel: 1 }).toBuffer();
}

const measured = z.object({ milliseconds: z.number(), stall: z.number(), megabytes: z.number() });

/** Runs one job for a process of its own: how long it takes, the longest its event loop stood still, and the most memory it and its decoder held. */
async function measureJob(
  name: string,
  files: Record<string, string>,
  extra: Record<string, unknown> = {},
): Promise<z.infer<typeof measured>> {
  const decoder = pathToFileURL(join(built, '..', 'decoder', 'decoder.js')).href;
  const script = `
    import { readFile } from 'node:fs/promises';
    import { readFileSync } from 'node:fs';
    const { runJob } = await import(${JSON.stringify(decoder)});
    const peak = (pid) => Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync(\`/proc/\${pid}/status\`, 'utf8'))[1]) / 1024;
    const input = ${JSON.stringify(extra)};
    for (const [key, path] of Object.entries(${JSON.stringify(files)})) input[key] = await readFile(path);
    let stall = 0, last = performance.now();
    const clock = setInterval(() => { const now = performance.now(); stall = Math.max(stall, now - last - 5); last = now; }, 5);
    const start = performance.now();
    const output = await runJob(${JSON.stringify(name)}, input);
    const milliseconds = performance.now() - start;
    clearInterval(clock);
    if (!output.bytes) throw new Error(JSON.stringify(output));
    const [child] = readFileSync(\`/proc/self/task/\${process.pid}/children\`, 'utf8').trim().split(' ');
    const megabytes = peak('self') + peak(child);
    console.log(JSON.stringify({ milliseconds, stall, megabytes }));
    process.exit();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return measured.parse(JSON.parse(stdout));
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

async function report(name: string, files: Record<string, string>, extra?: Record<string, unknown>) {
  const results: z.infer<typeof measured>[] = [];
  for (let round = 0; round < rounds; round += 1) results.push(await measureJob(name, files, extra));
  const [milliseconds, stall, megabytes] = (['milliseconds', 'stall', 'megabytes'] as const).map((key) =>
    results.map((result) => result[key]),
  );
  const line = `${name} at ${edge}²: median ${median(milliseconds ?? []).toFixed(0)} ms (decoder's start, decode, work, PNG), longest stall ${Math.max(...(stall ?? [])).toFixed(0)} ms, at most ${Math.max(...(megabytes ?? [])).toFixed(0)} MB`;
  process.stdout.write(`${line}\n`);
  return { milliseconds: median(milliseconds ?? []), stall: Math.max(...(stall ?? [])), megabytes: Math.max(...(megabytes ?? [])) };
}

test('two shots of 4096² are one picture with alpha in under 1.5 s and 300 MB', async ({ computer }) => {
  const [white, black] = [
    await computer.write('white.png', await subjectOn('#ffffff')),
    await computer.write('black.png', await subjectOn('#000000')),
  ];
  const moved = await computer.write('moved.png', await subjectOn('#000000', 3));
  const still = await report('cutFromTwo', { white, black }, { xmp: '<x/>' });
  const drifted = await report('cutFromTwo', { white, black: moved }, { xmp: '<x/>' });
  expect(Math.max(still.megabytes, drifted.megabytes)).toBeLessThan(300);
  expect(Math.max(still.stall, drifted.stall)).toBeLessThan(50);
  expect(Math.max(still.milliseconds, drifted.milliseconds)).toBeLessThan(1500);
});

test('one colour is taken out of 4096² without holding the server up', async ({ computer }) => {
  const bytes = await computer.write('key.png', await subjectOn('#ff00ff'));
  expect((await report('cutFromKey', { bytes }, { xmp: '<x/>', ground: [255, 0, 255], onlyThis: false })).stall).toBeLessThan(50);
});

test('a region of 4096² is laid in without holding the server up', async ({ computer }) => {
  const picture = await computer.write('in.png', await busyPicture(edge, edge));
  const answer = join(computer.project, 'answer.jpg');
  await writeFile(
    answer,
    await sharp(await readFile(picture))
      .resize(2048, 2048)
      .linear(0.95, 6)
      .jpeg({ quality: 92 })
      .toBuffer(),
  );
  const { stall } = await report(
    'layIn',
    { picture, answer },
    { xmp: '<x/>', allowed: { box: { left: 400, top: 400, right: 2400, bottom: 2400 } } },
  );
  expect(stall).toBeLessThan(50);
});

test('tools/list is answered all the while', async ({ start, google, computer }) => {
  const limner = await start({ env: withKey(google) });
  const shots = new Map([
    [
      '#FFFFFF',
      await sharp(await subjectOn('#ffffff'))
        .jpeg({ quality: 90 })
        .toBuffer(),
    ],
    [
      '#000000',
      await sharp(await subjectOn('#000000'))
        .jpeg({ quality: 90 })
        .toBuffer(),
    ],
  ]);
  // Encoded once: the double lives in this process, and what it does would be measured as the server's.
  const replies = new Map<string, Awaited<ReturnType<ReturnType<typeof answers.picture>>>>();
  google.always(async (request) => {
    const ground = groundOf(request);
    const reply =
      replies.get(ground) ?? (await answers.picture({ bytes: shots.get(ground) ?? Buffer.alloc(0), signatureBytes: 0 })(request));
    replies.set(ground, reply);
    return reply;
  });
  await computer.write('photo.png', await busyPicture(edge, edge));
  const slowest: Record<string, number> = {};
  const watch = async (name: string, work: Promise<unknown>) => {
    let isDone = false;
    void work.finally(() => {
      isDone = true;
    });
    let longest = 0;
    while (!isDone) {
      const asked = performance.now();
      await limner.client.listTools();
      longest = Math.max(longest, performance.now() - asked);
    }
    await work;
    slowest[name] = Math.round(longest);
  };
  await limner.call('generate_image', { prompt: 'A glass of water', background: 'transparent' });
  await watch('two-shot 4K', limner.call('generate_image', { prompt: 'A glass of water', background: 'transparent', resolution: '4K' }));
  await watch('export favicon', limner.call('export_image', { images: ['photo.png'], preset: 'favicon', output: 'a/' }));
  await watch('export srcset', limner.call('export_image', { images: ['photo.png'], preset: 'srcset', output: 'b/' }));
  await watch('export webp ≤ 200 kB', limner.call('export_image', { images: ['photo.png'], format: 'webp', max_kb: 200, output: 'c/' }));
  await watch('export pixel-art', limner.call('export_image', { images: ['photo.png'], preset: 'pixel-art', output: 'd/' }));
  process.stdout.write(`longest wait for tools/list in ms: ${JSON.stringify(slowest)}\n`);
  expect(Math.max(...Object.values(slowest))).toBeLessThan(50);
});
