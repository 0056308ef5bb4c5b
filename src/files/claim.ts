import { mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { listNames, readBytes } from './read.ts';
import { codeOf } from './system-error.ts';

/** Who works on what lies in a folder. */
export interface Holder {
  pid: number;
  host: string;
}

export interface Claim {
  /** Whether it still is ours; another process may have taken it over for dead. */
  isOurs(): Promise<boolean>;
  release(): Promise<void>;
}

const holder = z.object({ pid: z.int().positive(), host: z.string() });
const pattern = /^claim-(\d{1,12})\.json$/;

/**
 * Claims a folder of our own for this process, or says who has it. A claim is a file that is made where none was, under the next number: of two that find the last holder
 * dead only one can make it. A process that was killed leaves its file, which holds nobody up: only a living process does. On another machine nobody can tell, so there
 * the claim stands until it is removed by hand.
 */
export async function claimFolder(folder: string, host: string): Promise<Claim | Holder> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (;;) {
    const last = await findLast(folder);
    const other = await readHolder(folder, last);
    if (other && (heldHere.has(folder) || isThere(other, host))) return other;
    const mine = last + 1;
    if (!(await make(join(folder, toName(mine)), { pid: process.pid, host }))) continue;
    // Somebody who looked earlier may be further by now.
    if ((await findLast(folder)) === mine) {
      for (const old of (await listNumbers(folder)).filter((number) => number < mine)) await drop(folder, old);
      heldHere.add(folder);
      return { isOurs: async () => (await findLast(folder)) === mine, release: () => letGo(folder, mine) };
    }
    await drop(folder, mine);
  }
}

/** Who has a folder now; undefined when nobody does. */
export async function findHolder(folder: string, host: string): Promise<Holder | undefined> {
  const other = await readHolder(folder, await findLast(folder));
  return other && (heldHere.has(folder) || isThere(other, host)) ? other : undefined;
}

/** Folders this very process has claimed: its own number on a claim may be that of a process before it. */
const heldHere = new Set<string>();

async function letGo(folder: string, number: number): Promise<void> {
  await drop(folder, number);
  heldHere.delete(folder);
}

function toName(number: number): string {
  return `claim-${number}.json`;
}

async function listNumbers(folder: string): Promise<number[]> {
  return (await listNames(folder)).flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number);
}

async function findLast(folder: string): Promise<number> {
  return Math.max(0, ...(await listNumbers(folder)));
}

async function readHolder(folder: string, number: number): Promise<Holder | undefined> {
  const bytes = number === 0 ? undefined : await readBytes(join(folder, toName(number)), 10_000);
  try {
    return bytes && holder.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    // Killed while it was written: whoever made it is no more, or will see that it was passed over.
    return undefined;
  }
}

async function make(path: string, who: Holder): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o600);
    await handle.write(JSON.stringify(who)).finally(() => handle.close());
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function drop(folder: string, number: number): Promise<void> {
  await unlink(join(folder, toName(number))).catch(() => undefined);
}

/** Our own number on a claim is that of a process before us. */
function isThere({ pid, host }: Holder, here: string): boolean {
  if (host !== here) return true;
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
