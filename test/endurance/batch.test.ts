import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { built, makeComputer, withKey } from '../fixtures.ts';
import type { ItemFate } from '../google/batches.ts';
import { answers, startGoogle } from '../google/index.ts';

const jobs = Number(process.env.LIMNER_BATCH_LINES ?? 5000);
const kills = Number(process.env.LIMNER_BATCH_KILLS ?? 50);

/** Most memory the client may take, in MB. */
const mostMb = 250;

/** The same chances in every run. */
function createChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const index = z.object({
  dollars: z.number(),
  pictures: z.array(z.object({ line: z.number(), state: z.string(), path: z.string().optional(), message: z.string().optional() })),
});

test(`${jobs} lines through ${kills} kill -9, failures, expiry, partial results and restarts`, { timeout: 5_400_000 }, async () => {
  const started = performance.now();
  const [google, computer, chance] = [await startGoogle(), await makeComputer(), createChance(7)];
  const small = answers.picture({ width: 96, height: 96, signatureBytes: 2000 });
  const toFate = (): ItemFate => {
    const roll = chance();
    if (roll < 0.02) return { code: 13 };
    if (roll < 0.04) return 'missing';
    if (roll < 0.05) return answers.refusal('IMAGE_SAFETY');
    if (roll < 0.06) return answers.textOnly('What shall it show?');
    return small;
  };
  google.batches.lag = 1;
  google.batches.decide = () => {
    const roll = chance();
    const looks = Math.floor(chance() * 3);
    if (roll < 0.06) return { state: 'EXPIRED', looks };
    if (roll < 0.1) return { state: 'FAILED', looks };
    return { state: 'SUCCEEDED', looks, item: toFate };
  };
  google.disturb(({ path }) => {
    const roll = chance();
    if (/batchGenerateContent/.test(path)) return roll < 0.05 ? 'answer-lost' : roll < 0.1 ? overloaded : roll < 0.13 ? quota : undefined;
    if (/upload_id/.test(path)) return roll < 0.04 ? { cutAfter: 1000 } : undefined;
    return roll < 0.03 ? 'answer-lost' : roll < 0.05 ? overloaded : undefined;
  });
  const lines = Array.from(
    { length: jobs },
    (_, number) => `${JSON.stringify({ prompt: `picture ${number + 1}`, output: `p${number + 1}.jpg` })}\n`,
  );
  await writeFile(join(computer.project, 'jobs.jsonl'), lines.join(''));
  const env = { ...computer.env, ...withKey(google), LIMNER_ARCHIVE_MAX_GB: '20' };
  const start = () =>
    spawn(process.execPath, [built, 'batch', 'jobs.jsonl', '-o', 'out', '--yes'], {
      cwd: computer.project,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  let [killed, restarts, mb] = [0, 0, 0];
  let last = '';
  for (let isOver = false; !isOver; ) {
    const child = start();
    last = '';
    child.stdout.on('data', (text) => {
      last += text;
    });
    child.stderr.on('data', (text) => {
      last += text;
    });
    const closed = once(child, 'close');
    let isRunning = true;
    void closed.then(() => {
      isRunning = false;
    });
    const until = killed < kills ? performance.now() + 1500 + chance() * 5000 : Number.POSITIVE_INFINITY;
    while (isRunning && performance.now() < until) {
      mb = Math.max(mb, await readMb(child.pid));
      await Promise.race([closed, wait(100)]);
    }
    if (isRunning) {
      child.kill('SIGKILL');
      killed += 1;
    }
    await closed;
    isOver = child.exitCode !== null && /saved/.test(last) && !/still to send|with Google/.test(last);
    if (killed % 10 === 5 && !isOver) {
      await google.restart();
      restarts += 1;
    }
  }

  const { pictures, dollars } = index.parse(JSON.parse(await readFile(join(computer.project, 'out', 'index.json'), 'utf8')));
  const count = (state: string) => pictures.filter((picture) => picture.state === state).length;
  const files = (await readdir(join(computer.project, 'out'))).filter((name) => name.endsWith('.jpg'));
  const originals = (await readdir(join(computer.state, 'images'))).filter((name) => name.endsWith('.jpg'));
  const billed = google.batches.bill.reduce((sum, each) => sum + each.dollars, 0);
  const ledger = await readLedger(join(computer.state, 'ledger'));
  const perLine = new Map<string, number>();
  for (const { key, dollars: paid } of google.batches.bill) if (paid > 0.005) perLine.set(key, (perLine.get(key) ?? 0) + 1);
  const figures = {
    lines: pictures.length,
    saved: count('saved'),
    failed: count('failed'),
    files: files.length,
    originals: originals.length,
    paidTwice: [...perLine.values()].filter((times) => times > 1).length,
    batches: google.batches.batches.length,
    sameName: google.batches.batches.length - new Set(google.batches.batches.map(({ displayName }) => displayName)).size,
    killed,
    restarts,
    mostMb: Math.round(mb),
    bill: billed.toFixed(6),
    ledger: ledger.toFixed(6),
    index: dollars.toFixed(6),
    seconds: Math.round((performance.now() - started) / 1000),
  };
  process.stdout.write(`${JSON.stringify(figures, undefined, 1)}\n`);
  expect(new Set(pictures.map(({ line }) => line)).size).toBe(jobs);
  expect(figures).toMatchObject({ lines: jobs, paidTwice: 0, sameName: 0 });
  expect(figures.saved + figures.failed).toBe(jobs);
  expect([figures.files, figures.originals, perLine.size]).toEqual([figures.saved, figures.saved, figures.saved]);
  expect(ledger).toBeCloseTo(billed, 6);
  expect(killed).toBeGreaterThanOrEqual(Math.min(kills, 1));
  expect(mb).toBeLessThan(mostMb);
  await google.close();
  await rm(join(computer.project, '..', '..', '..'), { recursive: true });
});

const overloaded = {
  status: 503,
  body: JSON.stringify({ error: { code: 503, message: 'The service is currently unavailable.', status: 'UNAVAILABLE' } }),
};
const quota = { status: 429, body: JSON.stringify({ error: { code: 429, message: 'Too many batches.', status: 'RESOURCE_EXHAUSTED' } }) };

/** Memory of a process and the one that decodes for it: each by itself, the larger. */
async function readMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

const line = z.object({ event: z.string(), request: z.string().optional(), dollars: z.number().nullish() });

/** What every request stands at, by its last line. */
async function readLedger(folder: string): Promise<number> {
  const amounts = new Map<string, number>();
  for (const name of await readdir(folder))
    for (const text of (await readFile(join(folder, name), 'utf8')).split('\n').filter((each) => each !== '')) {
      const { event, request, dollars } = line.parse(JSON.parse(text));
      // A request that is entered again counts as it did.
      if (request !== undefined && (event !== 'sent' || !amounts.has(request))) amounts.set(request, dollars ?? 0);
    }
  return [...amounts.values()].reduce((sum, dollars) => sum + dollars, 0);
}
