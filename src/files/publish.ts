import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { appendFile, link, mkdir, open, rename, statfs, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { codeOf } from './read.ts';

/** What to do when the name is taken: take the next number, or put the new file in the old one's place. */
export type WhenTaken = 'number' | 'replace';

export interface PublishOptions {
  /** Permissions of the file; the process's mask applies. */
  mode?: number;
}

/**
 * Writes a whole file or none, under a name nobody had: a temporary file beside the target is created exclusively, written, synced, then linked to
 * its name, which fails where the name exists and never follows a link. Resolves with the path it got: `fox.png`, or `fox-2.png` when taken.
 * Throws `cannot_write`; then nothing is left behind.
 *
 * Written by hand because the popular packages report success with a torn file when the disk is full.
 */
export async function publish(path: string, bytes: Uint8Array, whenTaken: WhenTaken, options: PublishOptions = {}): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 60)}.${randomBytes(8).toString('hex')}.part`);
  try {
    await writeSynced(temporary, bytes, options.mode ?? 0o666);
    const final =
      whenTaken === 'replace' ? await replace(temporary, path) : await linkToFreeName(temporary, path, bytes, options.mode ?? 0o666);
    await syncFolder(dirname(path));
    return final;
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    throw toWriteError(cause, path);
  }
}

async function writeSynced(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0), mode);
  try {
    await handle.writeFile(bytes);
    const { size } = await handle.stat();
    if (size !== bytes.length) throw new Error(`wrote ${size} of ${bytes.length} bytes`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function replace(temporary: string, path: string): Promise<string> {
  await rename(temporary, path);
  return path;
}

async function linkToFreeName(temporary: string, path: string, bytes: Uint8Array, mode: number): Promise<string> {
  for (let number = 1; ; number += 1) {
    const candidate = numbered(path, number);
    const taken = await tryLink(temporary, candidate, bytes, mode);
    if (taken) continue;
    await unlink(temporary).catch(() => undefined);
    return candidate;
  }
}

/** False when the file now stands at `candidate`, true when that name is taken. File systems without links (exFAT, some shares) get a copy. */
async function tryLink(temporary: string, candidate: string, bytes: Uint8Array, mode: number): Promise<boolean> {
  try {
    await link(temporary, candidate);
    return false;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return true;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    return writeSynced(candidate, bytes, mode).then(
      () => false,
      (failure) => {
        if (codeOf(failure) === 'EEXIST') return true;
        // The name was free and is ours: what is torn must not keep it.
        return unlink(candidate).then(() => Promise.reject(failure));
      },
    );
  }
}

/** `fox.png` for 1, `fox-2.png` for 2. */
export function numbered(path: string, number: number): string {
  if (number === 1) return path;
  const name = basename(path);
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  return join(dirname(path), `${stem}-${number}${extension}`);
}

/** A name in a directory is durable only when the directory is synced too. Windows and some file systems cannot; then it is best effort. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Makes the folder and proves, by making a file, that it can be written and has room. Throws `cannot_write`. Done before anything is paid for. */
export async function ensureWritable(folder: string, bytesNeeded: number, mode?: number): Promise<void> {
  const probe = join(folder, `.limner-${randomBytes(8).toString('hex')}.part`);
  try {
    await mkdir(folder, { recursive: true, ...(mode === undefined ? {} : { mode }) });
    await (await open(probe, 'wx')).close();
    await unlink(probe);
  } catch (cause) {
    throw toWriteError(cause, folder);
  }
  const room = await statfs(folder).catch(() => undefined);
  if (room && room.blocks > 0 && room.bavail * room.bsize < bytesNeeded) {
    throw new ToolError('cannot_write', `The disk that holds ${folder} is full: free some space or choose another output.`);
  }
}

/** Appends one line to a file of our own. Short appends of two processes do not mix. */
export async function appendLine(path: string, line: string): Promise<void> {
  await appendFile(path, `${line}\n`, { mode: 0o600 });
}

const reasons: Record<string, string> = {
  EACCES: 'the system does not allow it',
  EPERM: 'the system does not allow it',
  EROFS: 'that disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of that path is a file, not a folder',
  EEXIST: 'a part of that path is a file, not a folder',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'the folder does not exist',
};

function toWriteError(cause: unknown, path: string): ToolError {
  if (cause instanceof ToolError) return cause;
  const reason = reasons[codeOf(cause) ?? ''] ?? codeOf(cause) ?? 'unknown reason';
  return new ToolError(
    'cannot_write',
    `limner cannot write ${path}: ${reason}. Choose another output, or set LIMNER_OUTPUT_DIR to a folder that can be written.`,
    { cause },
  );
}
