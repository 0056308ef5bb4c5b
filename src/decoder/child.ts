import { Socket } from 'node:net';
import { ToolError } from '../errors.ts';
import { closeLoaders } from '../image/sharp.ts';
import { openChannel } from './channel.ts';
import { type Answer, type Inputs, type Job, type JobName, jobs, type Outputs } from './jobs.ts';
import type { Limit } from './limits.ts';

/*
 * The process that decodes pictures. It has no key, nothing of the environment and no way to print; it does one job after another and ends with the server, however that
 * ends.
 */

/** How often a job is looked at, in milliseconds: what fills memory fastest, a decoder writing zeros, fills about 40 MB in that time. */
const lookEveryMs = 15;

const channel = openChannel(new Socket({ fd: 3 }));
let running: { limit: Limit; since: NodeJS.CpuUsage } | undefined;

// A signal for the whole group, as Ctrl-C sends it, is for the server, which may still need what is under way here.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

// The pixels are worked on in sharp's own threads, so that this timer runs meanwhile.
setInterval(() => {
  const exceeded = running && findExcess(running.limit, running.since);
  if (exceeded === undefined) return;
  running = undefined;
  channel.send({ exceeded } satisfies Answer<never>, die);
}, lookEveryMs);

await closeLoaders().catch((error: unknown) => channel.send({ missing: toMessage(error) } satisfies Answer<never>, die));

// Also read while a job is under way, so that the server's end is heard.
try {
  for (let job = await channel.receive<Job>(); job; job = await channel.receive<Job>()) void answer(job);
} finally {
  die();
}

async function answer<Name extends JobName>({ name, input, limit }: Job<Name>): Promise<void> {
  running = { limit, since: process.cpuUsage() };
  const done = await work(name, input).then(
    (output) => ({ output }),
    (error: unknown) => ({ error: { message: toMessage(error), ...(error instanceof ToolError && { code: error.code }) } }),
  );
  running = undefined;
  channel.send({ ...done, resident: residentMegabytes() } satisfies Answer<Outputs[Name]>);
  // What was decoded is given back now, not when there is a reason to look for it: the next job has as much room as this one had.
  setImmediate(() => globalThis.gc?.());
}

function work<Name extends JobName>(name: Name, input: Inputs[Name]): Promise<Outputs[Name]> {
  const table: { [Each in JobName]: (...input: Inputs[Each]) => Promise<Outputs[Each]> } = jobs;
  return table[name](...input);
}

function findExcess({ megabytes, work = Number.POSITIVE_INFINITY }: Limit, since: NodeJS.CpuUsage): 'slow' | 'greedy' | undefined {
  if (residentMegabytes() > megabytes) return 'greedy';
  const { user, system } = process.cpuUsage(since);
  return user + system > work * 1_000_000 ? 'slow' : undefined;
}

function residentMegabytes(): number {
  return process.memoryUsage.rss() / 1_000_000;
}

function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** At once: an orderly end would wait for the threads that decode. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
