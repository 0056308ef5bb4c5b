import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test as base, describe, expect } from 'vitest';
import { z } from 'zod';
import { built, type Computer, makeComputer, withKey } from './fixtures.ts';
import type { ItemFate } from './google/batches.ts';
import { answers, type Google, startGoogle } from './google/index.ts';

interface Ran {
  code: number;
  out: string;
  err: string;
}

interface Fixtures {
  google: Google;
  computer: Computer;
  /** Runs `limner batch …` in the project. */
  batch: (args: string[], env?: Record<string, string>) => Promise<Ran>;
}

const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the fixture's needs from a pattern
  google: async ({}, use) => {
    const google = await startGoogle();
    await use(google);
    await google.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the fixture's needs from a pattern
  computer: async ({}, use) => use(await makeComputer()),
  batch: async ({ google, computer }, use) => use((args, env = {}) => run(computer, ['batch', ...args], { ...withKey(google), ...env })),
});

function run(computer: Computer, args: string[], env: Record<string, string>): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [built, ...args], { cwd: computer.project, env: { ...computer.env, ...env } }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    );
  });
}

const indexSchema = z.object({
  batch: z.string(),
  dollars: z.number(),
  pictures: z.array(
    z.object({
      line: z.number(),
      state: z.string(),
      path: z.string().optional(),
      link: z.string().optional(),
      message: z.string().optional(),
    }),
  ),
});

async function readIndex({ project }: Computer) {
  return indexSchema.parse(JSON.parse(await readFile(join(project, 'out', 'index.json'), 'utf8')));
}

async function spent(computer: Computer): Promise<number> {
  const { out } = await run(computer, ['spend', '--json'], {});
  return z.object({ allTime: z.object({ dollars: z.number() }) }).parse(JSON.parse(out)).allTime.dollars;
}

const toBill = ({ batches }: Google) => batches.bill.reduce((sum, { dollars }) => sum + dollars, 0);
const lines = (jobs: readonly object[]) => jobs.map((job) => `${JSON.stringify(job)}\n`).join('');
const small = answers.picture({ width: 64, height: 64, signatureBytes: 200 });

test('a file of jobs is priced, sent, saved as calls would save it, and shown on a page', async ({ google, computer, batch }) => {
  const fox = await computer.write('fox.png', await readFile(join(import.meta.dirname, '..', 'assets', 'icon.png')));
  const jobs = [
    { prompt: 'A red fox', output: 'fox.png', width: 320, height: 200, alt: 'A fox <b>' },
    { prompt: 'An owl', aspect_ratio: '16x9' },
    { tool: 'edit_image', image: fox, prompt: 'make it night', output: 'night.webp' },
    { prompt: 'Two cats', count: 2 },
  ];
  await computer.write('jobs.jsonl', lines(jobs));
  const { code, out, err } = await batch(['jobs.jsonl', '-o', 'out', '--yes']);
  expect([code, err]).toEqual([0, expect.stringContaining('4 lines, 5 pictures')]);
  expect(out).toContain('5 of 5 saved');
  const index = await readIndex(computer);
  expect(index.pictures.map(({ state }) => state)).toEqual(Array(5).fill('saved'));
  expect((await readdir(join(computer.project, 'out'))).sort()).toEqual(
    expect.arrayContaining(['fox.png', 'index.html', 'index.json', 'night.webp', 'owl.jpg', 'two-cats.jpg']),
  );
  expect(google.requests).toEqual([]);
  const [sent] = google.batches.batches;
  expect(sent?.requests[1]?.request.aspectRatio).toBe('16:9');
  expect(sent?.requests[2]?.request.images).toHaveLength(1);
  expect(index.dollars).toBeCloseTo(toBill(google), 5);
  expect(await spent(computer)).toBeCloseTo(toBill(google), 5);
  expect([...google.files.files.keys()]).toEqual([]);
  const page = await readFile(join(computer.project, 'out', 'index.html'), 'utf8');
  expect(page).toContain('src="fox.png" alt="A fox &lt;b&gt;"');
  expect(page).not.toMatch(/<script|https?:/);
  const { out: history } = await run(computer, ['history', '--json'], {});
  expect(history).toContain('A red fox');
});

test('CSV has the same names in its first line', async ({ google, computer, batch }) => {
  await computer.write('jobs.csv', '\uFEFFprompt;Output;count\r\n"a ""red"" fox; at\nnight";a.jpg;\r\nowl;b.jpg;2\r\n');
  expect(await batch(['jobs.csv', '-o', 'out', '--yes'])).toMatchObject({ code: 0 });
  expect(google.batches.batches[0]?.requests.map(({ request }) => request.texts[0])).toEqual(['a "red" fox; at\nnight', 'owl', 'owl']);
});

describe('nothing is sent', () => {
  const wrong = [
    { prompt: 'ok' },
    { promt: 'x', aspect_ratio: 'wide' },
    { tool: 'export_image', prompt: 'x' },
    { prompt: 'a glass of smoke', background: 'transparent' },
    { tool: 'edit_image', image: 'gone.png', prompt: 'x' },
  ];

  test('when a line is wrong: each is named by its number', async ({ google, computer, batch }) => {
    await computer.write('jobs.jsonl', `${lines(wrong)}{"prompt": \n`);
    const { code, err } = await batch(['jobs.jsonl', '-o', 'out', '--yes']);
    expect(code).toBe(1);
    for (const line of [2, 3, 4, 5, 6]) expect(err).toContain(`line ${line}: `);
    expect(err).toContain('Nothing was sent');
    expect(google.others).toEqual([]);
    expect(await batch(['jobs.jsonl', '-o', 'out', '--yes', '--skip-wrong'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 of 1 saved'),
    });
  });

  test('when two lines name one file, without a yes, above the budget, by a dry run, to the stand-in', async ({
    google,
    computer,
    batch,
  }) => {
    await computer.write(
      'twice.jsonl',
      lines([
        { prompt: 'a', output: 'a.jpg' },
        { prompt: 'b', output: 'a.jpg' },
      ]),
    );
    expect((await batch(['twice.jsonl', '-o', 'out', '--yes'])).err).toContain('line 2: Line 1 has the same output');
    await computer.write('jobs.jsonl', lines([{ prompt: 'a' }, { prompt: 'b' }]));
    expect(await batch(['jobs.jsonl', '-o', 'out'])).toMatchObject({ code: 1, err: expect.stringContaining('nobody here to ask') });
    expect(await batch(['jobs.jsonl', '-o', 'out', '--yes'], { LIMNER_BUDGET_USD_PER_DAY: '0.03' })).toMatchObject({
      code: 1,
      err: expect.stringContaining("today's budget"),
    });
    expect(await batch(['jobs.jsonl', '-o', 'out', '--dry-run'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing was sent'),
    });
    expect(await batch(['jobs.jsonl', '-o', 'out', '--yes'], { LIMNER_BACKEND: 'standin' })).toMatchObject({
      code: 1,
      err: expect.stringContaining('stand-in'),
    });
    expect(google.others).toEqual([]);
  });
});

test('what failed and may succeed is asked for again, a refusal is not, and the bill equals the ledger', async ({
  google,
  computer,
  batch,
}) => {
  google.batches.spelling = 'sdk';
  const fates: ItemFate[] = [
    small,
    { code: 13 },
    'missing',
    answers.refusal('IMAGE_SAFETY'),
    { code: 3 },
    answers.textOnly('What kind of fox?'),
  ];
  let round = 0;
  google.batches.decide = ({ requests }) => {
    round += 1;
    if (round === 1) return { state: 'EXPIRED' };
    if (requests.length === 6)
      return {
        state: 'SUCCEEDED',
        item: (key) => fates[Number(key.split('-')[0]) - 1] ?? small,
      };
    return { state: 'SUCCEEDED', item: () => small };
  };
  await computer.write('jobs.jsonl', lines(['1', '2', '3', '4', '5', '6'].map((prompt) => ({ prompt }))));
  const { code, out } = await batch(['jobs.jsonl', '-o', 'out', '--yes']);
  expect([code, out]).toEqual([1, expect.stringContaining('4 of 6 saved, 2 failed')]);
  const index = await readIndex(computer);
  expect(index.pictures.map(({ state }) => state)).toEqual(['saved', 'saved', 'saved', 'failed', 'failed', 'saved']);
  expect(index.pictures[3]?.message).toContain('filter');
  expect(google.batches.batches.at(-1)?.requests.map(({ request }) => request.texts[0])).toEqual(['2', '3', 'Generate an image. 6']);
  expect(await spent(computer)).toBeCloseTo(toBill(google), 5);
});

test('what was sent and never answered is looked for in the list, and not sent again', async ({ google, computer, batch }) => {
  google.batches.lag = 2;
  google.disturb(({ path }) => (path.endsWith(':batchGenerateContent') ? 'answer-lost' : undefined));
  await computer.write('jobs.jsonl', lines([{ prompt: 'a' }]));
  const { code, err } = await batch(['jobs.jsonl', '-o', 'out', '--yes']);
  expect([code, err]).toEqual([0, expect.stringContaining('is not clear')]);
  expect(google.batches.batches).toHaveLength(1);
});

test('a second process leaves a batch alone; the same command later, and status, know it', async ({ google, computer, batch }) => {
  google.batches.decide = () => ({ state: 'SUCCEEDED', looks: 3 });
  await computer.write('jobs.jsonl', lines([{ prompt: 'a' }, { prompt: 'b' }]));
  const [one, other] = await Promise.all([1, 2].map(() => batch(['jobs.jsonl', '-o', 'out', '--yes'])));
  expect([one?.code, other?.code].sort()).toEqual([0, 1]);
  expect(`${one?.err}${other?.err}`).toContain('is at work on');
  expect(google.batches.batches).toHaveLength(1);
  const again = await batch(['jobs.jsonl', '-o', 'out', '--yes']);
  expect(again).toMatchObject({ code: 0, err: expect.stringContaining('begun before'), out: expect.stringContaining('2 of 2 saved') });
  expect(google.batches.batches).toHaveLength(1);
  expect((await batch(['status'])).out).toContain('2 of 2 saved');
});

test('what is cancelled is not sent, and what Google made by then is not lost', async ({ google, computer, batch }) => {
  google.batches.decide = () => ({ state: 'SUCCEEDED', looks: 1000 });
  await computer.write('jobs.jsonl', lines([{ prompt: 'a' }]));
  const child = spawn(process.execPath, [built, 'batch', 'jobs.jsonl', '-o', 'out', '--yes'], {
    cwd: computer.project,
    env: { ...computer.env, ...withKey(google) },
  });
  let err = '';
  child.stderr.on('data', (text) => {
    err += text;
  });
  await expect.poll(() => google.batches.batches.some(({ looks }) => looks > 0), { timeout: 15_000 }).toBe(true);
  child.kill('SIGINT');
  await once(child, 'close');
  expect([child.exitCode, err]).toEqual([130, expect.stringContaining('Google goes on. limner batch collect batch_')]);
  const [, id = ''] = /batch collect (batch_\w+)/.exec(err) ?? [];
  expect((await batch(['collect', id])).out).toContain('1 with Google');
  await batch(['cancel', id]);
  expect((await batch(['collect', id])).out).toContain('(cancelled)');
  expect(google.batches.batches[0]?.state).toBe('CANCELLED');
  expect(await spent(computer)).toBe(0);
  expect(await batch(['collect', 'batch_nothing'])).toMatchObject({ code: 1, err: expect.stringContaining('There is no batch') });
});

test('kill -9 at any moment: every line is there once, and paid once', async ({ google, computer, batch }) => {
  google.batches.decide = () => ({ state: 'SUCCEEDED', looks: 1, item: () => small });
  const jobs = Array.from({ length: 40 }, (_, index) => ({ prompt: `picture ${index}`, output: `p${index}.jpg` }));
  await writeFile(join(computer.project, 'jobs.jsonl'), lines(jobs));
  for (const ms of [400, 700, 900, 1100, 1300]) {
    const child = spawn(process.execPath, [built, 'batch', 'jobs.jsonl', '-o', 'out', '--yes'], {
      cwd: computer.project,
      env: { ...computer.env, ...withKey(google) },
    });
    const killer = setTimeout(() => child.kill('SIGKILL'), ms);
    await once(child, 'close');
    clearTimeout(killer);
  }
  const { code, out } = await batch(['jobs.jsonl', '-o', 'out', '--yes']);
  expect([code, out]).toEqual([0, expect.stringContaining('40 of 40 saved')]);
  const files = (await readdir(join(computer.project, 'out'))).filter((name) => name.endsWith('.jpg'));
  expect(files.sort()).toEqual(jobs.map(({ output }) => output).sort());
  expect(google.batches.bill).toHaveLength(40);
  expect((await readdir(join(computer.state, 'images'))).filter((name) => name.endsWith('.jpg'))).toHaveLength(40);
  expect(await spent(computer)).toBeCloseTo(toBill(google), 5);
});
