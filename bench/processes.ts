import { readdirSync, readFileSync } from 'node:fs';

/*
 * What the system says of processes. Linux says it in files; where it does not, memory is not measured. Everything is read at once
 * (synchronously): a sample of several processes that waits in between is of no moment at all.
 */

export const tellsMemory = process.platform === 'linux';

/** Bytes in a megabyte as all figures here count it, and in a kilobyte of /proc. */
const [mega, kibi] = [1_000_000, 1024];

/** Memory of a server alone and summed over it and all it has started, in megabytes. */
export interface Memory {
  /** Resident: what is shared is counted in each process. */
  server: number;
  sum: number;
  /** What is shared is divided among those who share it; undefined where that cannot be read. */
  pss: number | undefined;
}

export function readMemory(pid: number): Memory {
  const family = familyOf(pid);
  const shares = family.map(readPss);
  return {
    server: residentOf(pid),
    sum: family.reduce((sum, member) => sum + residentOf(member), 0),
    pss: shares.reduce<number | undefined>((sum, share) => (sum === undefined || share === undefined ? undefined : sum + share), 0),
  };
}

/** Looks at a server and all it starts, again and again; `stop` says the most that was seen. */
export function watchMemory(pid: number): { stop(): { server: number; sum: number } } {
  let sum = 0;
  const look = () => {
    sum = Math.max(
      sum,
      familyOf(pid).reduce((total, member) => total + residentOf(member), 0),
    );
  };
  look();
  const timer = setInterval(look, lookEveryMs);
  return {
    stop() {
      clearInterval(timer);
      look();
      // The system keeps the server's own peak, which no sample misses; the sum is at least that.
      const server = readStatus(pid, 'VmHWM');
      return { server, sum: Math.max(sum, server) };
    },
  };
}

/** How often processes are looked at, in milliseconds: a decoder fills a few megabytes in that time. */
const lookEveryMs = 4;

/** A process and everything below it that runs. */
function familyOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

function childrenOf(pid: number): number[] {
  return listThreads(pid).flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number));
}

function listThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function residentOf(pid: number): number {
  return readStatus(pid, 'VmRSS');
}

function readStatus(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  return (Number(new RegExp(`${field}:\\s+(\\d+)`).exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * kibi) / mega;
}

function readPss(pid: number): number | undefined {
  const found = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
  return found === undefined ? undefined : (Number(found) * kibi) / mega;
}

/** '' of a process that has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
