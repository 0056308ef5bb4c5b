import { readdir, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** What the system says of processes; Linux only, since nothing else says it in files. */
export const isTold = process.platform === 'linux';

/** The processes that a process has started and that still run. */
export async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')));
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/** True until it has ended; one that is dead and not yet buried has. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && !/\) [ZX] /.test(stat);
}

/** Seconds a process has worked so far; the system counts in hundredths. */
export async function workOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [, , , , , , , , , , , user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return (user + system) / 100;
}

/** Resident memory in megabytes, now or at most; 0 of one that has ended. */
export async function memoryOf(pid: number, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return (Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024) / 1_000_000;
}

/** The least memory a process gets by with over the next seconds, in megabytes: what is only waiting to be collected is, once nobody asks for anything. */
export async function leastMemoryOf(pid: number, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let least = await memoryOf(pid);
  while (performance.now() < end) {
    await setTimeout(100);
    least = Math.min(least, await memoryOf(pid));
  }
  return least;
}

export async function readOf(pid: number, file: 'environ' | 'maps' | 'cmdline'): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'utf8');
}

export function medianOf(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
