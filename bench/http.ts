import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeMachine, readLoad } from './machine.ts';
import { openPicture } from './pictures.ts';
import { readMemory } from './processes.ts';
import { startUpstream } from './upstream-process.ts';

/*
 * `npm run bench:http`: one process of `limner serve --http` beside a bare `createMcpHandler` server, both over the same upstream, which answers at once: how many calls a second one process
 * does, how long a call takes, and how much memory it has then. The servers take turns.
 */

/** How long each row is measured, and warmed up before, in milliseconds. */
const [measuredFor, warmedFor] = [5000, 1500];

const root = join(import.meta.dirname, '..', '..');
const cache = join(root, 'node_modules', '.cache', 'limner-bench');
const key = 'not-a-key-'.repeat(4).slice(1);

interface Contestant {
  name: string;
  args: readonly string[];
  env?: Record<string, string>;
}

const limner = [
  join(root, 'dist', 'index.js'),
  'serve',
  '--http',
  '--port',
  '0',
  '--calls',
  '64',
  '--calls-each',
  '64',
  '--requests',
  '999999',
];
const contestants: readonly Contestant[] = [
  { name: 'bare createMcpHandler', args: [join(import.meta.dirname, 'bare-http.js')] },
  { name: 'limner', args: limner },
  { name: 'limner, no preview', args: limner, env: { LIMNER_PREVIEW: 'none' } },
];

interface Job {
  title: string;
  method: string;
  params(call: number): object;
}

const jobs: readonly Job[] = [
  { title: 'tools/list', method: 'tools/list', params: () => ({}) },
  {
    title: 'a 1K picture',
    method: 'tools/call',
    params: (call) => ({ name: 'generate_image', arguments: { prompt: `A harbour at dusk, sheet ${call}` } }),
  },
];
const crowds = [1, 16] as const;

interface Row {
  times: number[];
  /** Of the server and all it has started, the most that was seen, in megabytes. */
  memory: number;
}

let calls = 0;

async function ask(url: string, { method, params }: Job): Promise<void> {
  calls += 1;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' },
    body: JSON.stringify({ jsonrpc: '2.0', id: calls, method, params: params(calls) }),
  });
  const text = await response.text();
  if (response.status !== 200 || /"isError":true|"error":/.test(text)) throw new Error(text.slice(0, 500));
}

async function measure(url: string, pid: number, job: Job, callers: number): Promise<Row> {
  const row: Row = { times: [], memory: 0 };
  const look = setInterval(() => {
    row.memory = Math.max(row.memory, readMemory(pid).sum);
  }, 250);
  const counted = performance.now() + warmedFor;
  const until = counted + measuredFor;
  const caller = async () => {
    while (performance.now() < until) {
      const began = performance.now();
      await ask(url, job);
      if (began >= counted) row.times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  clearInterval(look);
  row.times.sort((a, b) => a - b);
  return row;
}

interface Started {
  url: string;
  child: ChildProcess;
  /** Everything it writes. */
  folder: string;
}

/** Bytes of all files below a folder. */
async function weigh(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function start(ground: string, upstream: string, { name, args, env }: Contestant): Promise<Started> {
  const folder = join(ground, name.replace(/\W+/g, '-'));
  await mkdir(folder, { recursive: true });
  const own = { HOME: folder, LIMNER_STATE_DIR: join(folder, 'state'), OUTPUT_DIR: folder, LIMNER_MAX_REPEATS: '0' };
  const child = spawn(process.execPath, [...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...own, GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: upstream, ...env },
    // The log is not measured.
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  return { url: String(url), child, folder };
}

const at = (times: readonly number[], share: number) =>
  (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const machine = await describeMachine(process.execPath);
  print(
    `${machine.system}, ${machine.processors} × ${machine.processor}, ${machine.memoryGB} GB, Node ${machine.node}; load ${readLoad()} before`,
  );
  const ground = await mkdtemp(join(tmpdir(), 'limner-bench-http-'));
  const upstream = await startUpstream();
  const picture = await openPicture(cache, '1k-jpeg');
  await upstream.serve({ picture, latency: 0, signature: 0 });
  print(
    `One process each; the picture has ${(picture.bytes / 1e6).toFixed(2)} MB; ${measuredFor / 1000} s a row. The callers run on the same machine.\n`,
  );
  print('| job | callers at once | server | a second | p50 ms | p95 ms | memory MB | disk MB a picture |');
  print('|---|---|---|---|---|---|---|---|');
  try {
    for (const job of jobs) {
      for (const callers of crowds) {
        for (const contestant of contestants) {
          const { url, child, folder } = await start(ground, upstream.url, contestant);
          const [before, first] = [await weigh(folder), calls];
          const { times, memory } = await measure(url, child.pid ?? 0, job, callers);
          child.kill('SIGTERM');
          await once(child, 'close');
          const rate = ((times.length / measuredFor) * 1000).toFixed(1);
          const disk = job.method === 'tools/call' ? (((await weigh(folder)) - before) / (calls - first) / 1e6).toFixed(2) : '';
          print(
            `| ${job.title} | ${callers} | ${contestant.name} | ${rate} | ${at(times, 0.5)} | ${at(times, 0.95)} | ${memory.toFixed(0)} | ${disk} |`,
          );
        }
      }
    }
  } finally {
    await upstream.close();
    await rm(ground, { recursive: true, force: true });
  }
}

await main();
