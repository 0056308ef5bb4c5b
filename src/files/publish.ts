import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, rename, rm, statfs, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { codeOf, listNames, measure } from './read.ts';

/** What to do when the name is taken: take the next number, put the new file in the old one's place, or throw `file_exists`. */
export type WhenTaken = 'number' | 'replace' | 'refuse';

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
  const temporary = toTemporary(dirname(path));
  try {
    await writeSynced(temporary, bytes, options.mode ?? 0o666);
    const final = whenTaken === 'replace' ? await replace(temporary, path) : await linkToFreeName(temporary, path, whenTaken);
    await syncFolder(dirname(path));
    return final;
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    throw toWriteError(cause, path);
  }
}

/** A name nobody else has, which says whose it is: what a killed process leaves under such a name may be removed. */
function toTemporary(folder: string): string {
  return join(folder, `.limner-${randomBytes(8).toString('hex')}.part`);
}

/** True for the name of a file that is being written by limner, or was when its process died. */
export function isTemporary(name: string): boolean {
  return /^\.limner-[0-9a-f]{16}\.part$/.test(name);
}

/** No file is written for longer, in milliseconds. */
const writtenWithin = 3_600_000;

/** Removes what killed processes left half written in a folder. Never throws. */
export async function sweep(folder: string): Promise<void> {
  for (const name of (await listNames(folder)).filter(isTemporary)) {
    const path = join(folder, name);
    const left = await measure(path);
    if (left && Date.now() - left.changedAt > writtenWithin) await unlink(path).catch(() => undefined);
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

async function linkToFreeName(temporary: string, path: string, whenTaken: WhenTaken): Promise<string> {
  for (let number = 1; ; number += 1) {
    const candidate = numbered(path, number);
    if (await tryLink(temporary, candidate)) {
      if (whenTaken === 'refuse')
        throw new ToolError('file_exists', `${path} exists already. Choose another output, or set overwrite to true to replace it.`);
      continue;
    }
    await unlink(temporary).catch(() => undefined);
    return candidate;
  }
}

/** False when the file now stands at `candidate`, true when that name is taken. */
async function tryLink(temporary: string, candidate: string): Promise<boolean> {
  try {
    await link(temporary, candidate);
    return false;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return true;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    return tryRename(temporary, candidate);
  }
}

/** File systems without links (exFAT, some shares): the name is taken with an empty file, which the whole one then replaces at once. */
async function tryRename(temporary: string, candidate: string): Promise<boolean> {
  try {
    await (await open(candidate, 'wx')).close();
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return true;
    throw error;
  }
  try {
    await rename(temporary, candidate);
    return false;
  } catch (error) {
    await unlink(candidate);
    throw error;
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
  await handle?.close().catch(() => undefined);
}

/** Makes a folder of our own, for this person alone. Never throws: whoever writes into it hears why that is not possible. */
export async function makeOwnFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
}

/** Makes the folder and proves, by making a file, that it can be written and has room. Throws `cannot_write`. Done before anything is paid for. */
export async function ensureWritable(folder: string, bytesNeeded: number): Promise<void> {
  const probe = toTemporary(folder);
  try {
    await mkdir(folder, { recursive: true });
    await (await open(probe, 'wx')).close();
    await unlink(probe);
  } catch (cause) {
    await unlink(probe).catch(() => undefined);
    throw toWriteError(cause, folder);
  }
  const room = await statfs(folder).catch(() => undefined);
  if (room && room.blocks > 0 && room.bavail * room.bsize < bytesNeeded) {
    throw new ToolError('cannot_write', `The disk that holds ${folder} is full: free some space or choose another output.`);
  }
}

/** Removes a file of our own; one that is gone already is no error. */
export async function remove(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** Gives what stands where a file of our own should be, and is none, another name. Never throws: what cannot be moved stays. */
export async function setAside(path: string): Promise<void> {
  await rename(path, `${path}.damaged-${randomBytes(4).toString('hex')}`).catch(() => undefined);
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
  EIO: 'the disk reports an error',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EFBIG: 'the file would be larger than is allowed',
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
