import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Prey } from './prey.ts';

/** Every system call by which a server changes files. */
export const writeCalls = ['openat', 'mkdir', 'write', 'pwrite64', 'fsync', 'fdatasync', 'close', 'link', 'rename', 'unlink'] as const;

/** Those by which it reads what is in them. */
export const readCalls = ['pread64', 'read', 'getdents64'] as const;
export type FileCall = (typeof writeCalls)[number] | (typeof readCalls)[number];

/** True for a line of strace that is about a file, and not about how threads wake each other. */
export function isFileCall(line: string): boolean {
  return !line.includes('<anon_inode:') && !line.includes('<pipe:') && !line.includes('<socket:');
}

/** Fails with what to do when a Debian program these tests need is not there. */
export async function requirePrograms(packages: Readonly<Record<string, string>>): Promise<void> {
  for (const [program, name] of Object.entries(packages)) {
    await promisify(execFile)(program, ['--version']).catch(() => {
      throw new Error(`${program} is missing: apt-get install ${name}`);
    });
  }
}

/** Who makes a system call: the thread everything runs in, which names and looks and writes what is small, or the one for what waits for the disk. */
export const threads = ['main', 'pool'] as const;
export type Thread = (typeof threads)[number];

/** One thread for what waits for the disk, so that its system calls have an order and can be counted. */
export const oneThread = { UV_THREADPOOL_SIZE: '1' };

/** A server whose file work is watched. */
export interface Watched {
  /** Every watched system call so far. */
  calls(): Promise<string[]>;
  /** Lets it go; resolves with the system call that was tampered with, if one was. */
  release(): Promise<string | undefined>;
}

/** Attaches strace to the thread that does a server's file work. `inject` is strace's own language: `fsync:error=EIO:when=2`. */
export async function watch(thread: number, inject?: string): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), 'limner-strace-'));
  const log = join(folder, 'log');
  const options = [
    '-y',
    '-s',
    '0',
    '-o',
    log,
    '-e',
    `trace=${[...writeCalls, ...readCalls].join()}`,
    ...(inject ? ['-e', `inject=${inject}`] : []),
  ];
  const strace = spawn('strace', ['-p', String(thread), ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(strace, 'close');
  let said = '';
  for await (const chunk of strace.stderr.iterator({ destroyOnReturn: false })) {
    said += String(chunk);
    if (said.includes('attached')) break;
  }
  strace.stderr.resume();
  if (!said.includes('attached')) throw new Error(`strace could not attach: ${said}`);
  const read = async () => (await readFile(log, 'utf8')).split('\n');
  return {
    calls: read,
    async release() {
      strace.kill('SIGTERM');
      await closed;
      const hit = (await read()).find((line) => line.includes('(INJECTED)'));
      await rm(folder, { recursive: true, force: true });
      return hit;
    },
  };
}

/**
 * A thread of a server which was not called yet. That of the pool is the one with the highest number, as the pool starts with the first file that is looked at, after Node's own
 * threads, and what a call loads starts its own later.
 */
export async function findThread({ pid }: Prey, thread: Thread): Promise<number> {
  return thread === 'main' ? pid : Math.max(...(await readdir(`/proc/${pid}/task`)).map(Number));
}
