import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, linkSync, lstatSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { close, sync, syncData, writeAll, writeAllNow } from './descriptor.ts';
import { type HeldFolder, holdFolder } from './held-folder.ts';
import { type Places, toShownPath } from './paths.ts';
import type { Settling } from './settling.ts';
import { codeOf } from './system-error.ts';
import { toWriteError } from './write-error.ts';

/** What to do when the name is taken: take the next number, put the new file in the old one's place, or throw `file_exists`. */
export type WhenTaken = 'number' | 'replace' | 'refuse';

export interface DraftOptions {
  /** Permissions of the file; the process's mask applies. */
  mode?: number;
  /** Where the file has to be, also when its folder is exchanged for a link meanwhile; absent for files of our own. */
  places?: Places;
  /** What has to be done before the folder can be opened. */
  before?(): void;
  /** False: whole as soon as it has its name, and on the disk when the system gets there; for what is soon written anew. */
  isLasting?: boolean;
  /** What waits for its name to be on the disk; absent, publishing it does. */
  settling?: Settling | undefined;
}

/**
 * A file while it is written: in the folder it will stand in, under a name nobody else has, created exclusively. It is whole and synced before it gets its name,
 * which fails where the name exists and never follows a link.
 *
 * Written by hand because the popular packages report success with a torn file when the disk is full.
 */
export interface Draft {
  /** Writes on while others go on; `publish` tells what went wrong. The bytes must not change any more. */
  add(bytes: Uint8Array): void;
  /** Nothing more is added: it is synced from now on, while others go on. */
  complete(): void;
  /** Where it lies once all that was added is written; there only until it is published or discarded. Rejects with what went wrong. */
  written(): Promise<string>;
  /** Whether so many bytes were added, none of them in vain so far, and what the folder's path named still stands there. */
  isSound(bytes: number): Promise<boolean>;
  /**
   * Gives it its name, beside which it has to lie. Resolves with the path it got: `fox.png`, or `fox-2.png` when taken. Throws `cannot_write`, or `not_allowed` where the
   * folder leads elsewhere by now; then nothing is left behind.
   */
  publish(path: string, whenTaken: WhenTaken): Promise<string>;
  /** Leaves nothing behind. Never throws; a draft that was published stays. */
  discard(): Promise<void>;
}

interface Opened {
  folder: HeldFolder;
  fd: number;
}

/** The first bytes go into the system's memory at once, in bytes: for a picture of 1K the way to one of Node's threads and back takes longer. */
const writtenAtOnce = 1_000_000;

/** As much is left to sync at the end at most, in bytes: a disk takes a large file while the rest of it arrives. */
const unsyncedBytes = 4_000_000;

export function startDraft(folderPath: string, { mode = 0o666, places, before, isLasting = true, settling }: DraftOptions = {}): Draft {
  const temporary = toTemporary();
  let opened: Opened | undefined;
  let [added, written, unsynced] = [0, 0, 0];
  let [hasFailed, isClosed, isOver] = [false, false, false];
  let work: Promise<void> = Promise.resolve();
  let completing: Promise<bigint> | undefined;

  function inTurn(step: () => Promise<void>): void {
    work = work.then(step);
    // Whoever publishes it hears of it.
    work.catch(() => {
      hasFailed = true;
    });
  }

  async function start(): Promise<void> {
    before?.();
    const folder = await holdFolder(folderPath, { places });
    const path = folder.entry(temporary);
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
      opened = { folder, fd: openSync(path, flags, mode) };
      leftAtExit.add(path);
    } catch (error) {
      folder.close();
      throw error;
    }
  }

  async function write(bytes: Uint8Array): Promise<void> {
    if (opened === undefined) return;
    written += bytes.length;
    if (written <= writtenAtOnce) writeAllNow(opened.fd, bytes);
    else await writeAll(opened.fd, bytes);
    unsynced += bytes.length;
    if (unsynced < unsyncedBytes) return;
    unsynced = 0;
    await syncData(opened.fd);
  }

  /** Resolves with the number the file system knows the file by. */
  async function whole(): Promise<bigint> {
    await work;
    if (opened === undefined || isOver) throw new Error('a draft is published once');
    const { size, ino } = fstatSync(opened.fd, { bigint: true });
    if (size !== BigInt(added)) throw new Error(`wrote ${size} of ${added} bytes`);
    if (isLasting) await sync(opened.fd);
    isClosed = true;
    // Some shared disks say only now what they could not take.
    closeSync(opened.fd);
    return ino;
  }

  function complete(): Promise<bigint> {
    completing ??= whole();
    completing.catch(() => {
      hasFailed = true;
    });
    return completing;
  }

  function end(isLeft: boolean, naming?: Promise<void>): void {
    isOver = true;
    if (opened === undefined) return;
    const { folder, fd } = opened;
    const path = folder.entry(temporary);
    if (isLeft) unlinkIfThere(path);
    leftAtExit.delete(path);
    if (!isClosed) close(fd);
    if (naming === undefined) folder.close();
    else void naming.then(() => folder.close());
  }

  inTurn(start);
  return {
    add(bytes) {
      added += bytes.length;
      inTurn(() => write(bytes));
    },
    complete: () => void complete(),
    async written() {
      await work;
      return join(opened?.folder.path ?? folderPath, temporary);
    },
    isSound: async (bytes) => !isOver && added === bytes && !hasFailed && (opened === undefined || opened.folder.isStillThere()),
    async publish(path, whenTaken) {
      let isLeft = true;
      let naming: Promise<void> | undefined;
      try {
        const number = await complete();
        if (opened === undefined || isOver) throw new Error('a draft is published once');
        const { folder } = opened;
        folder.requireHeld();
        const name =
          whenTaken === 'replace' ? replace(temporary, basename(path), folder) : linkToFreeName(temporary, path, whenTaken, folder);
        isLeft = false;
        requireInPlace(name, number, folder);
        if (isLasting) naming = folder.sync();
        if (naming && settling) settling.add(naming);
        else await naming;
        return join(folder.path, name);
      } catch (cause) {
        throw toWriteError(cause, path);
      } finally {
        end(isLeft, naming);
      }
    },
    async discard() {
      await Promise.allSettled([work, completing]);
      if (!isOver) end(true);
    },
  };
}

/** Drafts of this process that are neither published nor discarded. */
const leftAtExit = new Set<string>();

process.on('exit', () => {
  for (const path of leftAtExit) unlinkIfThere(path);
});

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or what the system does not let us remove.
  }
}

/** A file that came to lie elsewhere is taken away again; nobody else's under its name is. */
function requireInPlace(name: string, number: bigint, folder: HeldFolder): void {
  try {
    folder.requireHeld();
  } catch (error) {
    const path = folder.entry(name);
    if (lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino === number) unlinkIfThere(path);
    throw error;
  }
}

/** A name nobody else has, which says whose it is: what a killed process leaves under such a name may be removed. */
export function toTemporary(): string {
  return `.limner-${randomBytes(8).toString('hex')}.part`;
}

/** True for the name of a file that is being written by limner, or was when its process died. */
export function isTemporary(name: string): boolean {
  return /^\.limner-[0-9a-f]{16}\.part$/.test(name);
}

function replace(temporary: string, name: string, folder: HeldFolder): string {
  renameSync(folder.entry(temporary), folder.entry(name));
  return name;
}

function linkToFreeName(temporary: string, path: string, whenTaken: WhenTaken, folder: HeldFolder): string {
  for (let number = 1; ; number += 1) {
    const candidate = basename(numbered(path, number));
    if (tryLink(folder.entry(temporary), folder.entry(candidate))) {
      if (whenTaken === 'refuse')
        throw new ToolError(
          'file_exists',
          `${toShownPath(path)} exists already. Choose another output, or set overwrite to true to replace it.`,
        );
      continue;
    }
    unlinkIfThere(folder.entry(temporary));
    return candidate;
  }
}

/** False when the file now stands at `candidate`, true when that name is taken. */
function tryLink(temporary: string, candidate: string): boolean {
  try {
    linkSync(temporary, candidate);
    return false;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return true;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    return tryRename(temporary, candidate);
  }
}

/** File systems without links (exFAT, some shares): the name is taken with an empty file, which the whole one then replaces at once. */
function tryRename(temporary: string, candidate: string): boolean {
  try {
    closeSync(openSync(candidate, 'wx'));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return true;
    throw error;
  }
  try {
    renameSync(temporary, candidate);
    return false;
  } catch (error) {
    unlinkSync(candidate);
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
