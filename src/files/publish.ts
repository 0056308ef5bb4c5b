import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, rename, rm, statfs, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { type HeldFolder, holdFolder } from './held-folder.ts';
import { type Places, toShownPath } from './paths.ts';
import { listNames, measure } from './read.ts';
import { codeOf } from './system-error.ts';

/** What to do when the name is taken: take the next number, put the new file in the old one's place, or throw `file_exists`. */
export type WhenTaken = 'number' | 'replace' | 'refuse';

export interface PublishOptions {
  /** Permissions of the file; the process's mask applies. */
  mode?: number;
  /** Where the file has to be, also when its folder is exchanged for a link meanwhile; absent for files of our own. */
  places?: Places;
}

/**
 * Writes a whole file or none, under a name nobody had: a temporary file beside the target is created exclusively, written, synced, then linked to
 * its name, which fails where the name exists and never follows a link. Resolves with the path it got: `fox.png`, or `fox-2.png` when taken.
 * Throws `cannot_write`, or `not_allowed` where the folder leads elsewhere by now; then nothing is left behind.
 *
 * Written by hand because the popular packages report success with a torn file when the disk is full.
 */
export async function publish(path: string, bytes: Uint8Array, whenTaken: WhenTaken, options: PublishOptions = {}): Promise<string> {
  const temporary = toTemporary();
  let folder: HeldFolder | undefined;
  try {
    folder = await holdFolder(dirname(path), options);
    const number = await writeSynced(folder.entry(temporary), bytes, options.mode ?? 0o666);
    await folder.requireHeld();
    const name =
      whenTaken === 'replace' ? await replace(temporary, basename(path), folder) : await linkToFreeName(temporary, path, whenTaken, folder);
    await requireInPlace(name, number, folder);
    await folder.sync();
    return join(folder.path, name);
  } catch (cause) {
    if (folder) await unlink(folder.entry(temporary)).catch(() => undefined);
    throw toWriteError(cause, path);
  } finally {
    await folder?.close();
  }
}

/** A file that came to lie elsewhere is taken away again; nobody else's under its name is. */
async function requireInPlace(name: string, number: bigint, folder: HeldFolder): Promise<void> {
  try {
    await folder.requireHeld();
  } catch (error) {
    const found = await lstat(folder.entry(name), { bigint: true }).catch(() => undefined);
    if (found?.ino === number) await unlink(folder.entry(name)).catch(() => undefined);
    throw error;
  }
}

/** A name nobody else has, which says whose it is: what a killed process leaves under such a name may be removed. */
function toTemporary(): string {
  return `.limner-${randomBytes(8).toString('hex')}.part`;
}

/** True for the name of a file that is being written by limner, or was when its process died. */
export function isTemporary(name: string): boolean {
  return /^\.limner-[0-9a-f]{16}\.part$/.test(name);
}

/** No file is written for longer, in milliseconds. */
const writtenWithin = 3_600_000;

/** Removes what killed processes left half written in a folder. Never throws. */
export async function sweep(folder: string, places?: Places): Promise<void> {
  const held = await holdFolder(folder, { places }).catch(() => undefined);
  if (held === undefined) return;
  for (const name of (await listNames(held.entry('.'))).filter(isTemporary)) {
    const left = await measure(held.entry(name));
    if (left && Date.now() - left.changedAt > writtenWithin) await unlink(held.entry(name)).catch(() => undefined);
  }
  await held.close();
}

/** Resolves with the number the file system knows the file by. */
async function writeSynced(path: string, bytes: Uint8Array, mode: number): Promise<bigint> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0), mode);
  try {
    await handle.writeFile(bytes);
    const { size, ino } = await handle.stat({ bigint: true });
    if (size !== BigInt(bytes.length)) throw new Error(`wrote ${size} of ${bytes.length} bytes`);
    await handle.sync();
    return ino;
  } finally {
    await handle.close();
  }
}

async function replace(temporary: string, name: string, folder: HeldFolder): Promise<string> {
  await rename(folder.entry(temporary), folder.entry(name));
  return name;
}

async function linkToFreeName(temporary: string, path: string, whenTaken: WhenTaken, folder: HeldFolder): Promise<string> {
  for (let number = 1; ; number += 1) {
    const candidate = basename(numbered(path, number));
    if (await tryLink(folder.entry(temporary), folder.entry(candidate))) {
      if (whenTaken === 'refuse')
        throw new ToolError(
          'file_exists',
          `${toShownPath(path)} exists already. Choose another output, or set overwrite to true to replace it.`,
        );
      continue;
    }
    await unlink(folder.entry(temporary)).catch(() => undefined);
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

/** Makes a folder of our own, for this person alone. Never throws: whoever writes into it hears why that is not possible. */
export async function makeOwnFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
}

/**
 * Makes the folder and proves, by making a file, that it can be written and has room. Throws `cannot_write`, and `not_allowed` where it leads out of
 * `places` by now. Done before anything is paid for.
 */
export async function ensureWritable(folder: string, bytesNeeded: number, places?: Places): Promise<void> {
  const probe = toTemporary();
  let held: HeldFolder | undefined;
  let room: Awaited<ReturnType<typeof statfs>> | undefined;
  try {
    held = await holdFolder(folder, { places, make: true });
    await (await open(held.entry(probe), 'wx')).close();
    await unlink(held.entry(probe));
    room = await statfs(held.entry('.')).catch(() => undefined);
  } catch (cause) {
    if (held) await unlink(held.entry(probe)).catch(() => undefined);
    throw toWriteError(cause, folder);
  } finally {
    await held?.close();
  }
  if (room && room.blocks > 0 && room.bavail * room.bsize < bytesNeeded) {
    throw new ToolError('cannot_write', `The disk that holds ${toShownPath(folder)} is full: free some space or choose another output.`);
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
  ELOOP: 'a part of that path is a link',
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
    `limner cannot write ${toShownPath(path)}: ${reason}. Choose another output, or set LIMNER_OUTPUT_DIR to a folder that can be written.`,
    { cause },
  );
}
