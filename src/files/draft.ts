import { randomBytes } from 'node:crypto';
import { constants, unlinkSync } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { type HeldFolder, holdFolder } from './held-folder.ts';
import { type Places, toShownPath } from './paths.ts';
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
  before?(): Promise<void>;
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
  handle: FileHandle;
}

/** As much is left to sync at the end at most, in bytes: a disk takes a large file while the rest of it arrives. */
const unsyncedBytes = 4_000_000;

export function startDraft(folderPath: string, { mode = 0o666, places, before }: DraftOptions = {}): Draft {
  const temporary = toTemporary();
  let opened: Opened | undefined;
  let [added, unsynced] = [0, 0];
  let [hasFailed, isOver] = [false, false];
  let work: Promise<void> = Promise.resolve();

  function inTurn(step: () => Promise<void>): void {
    work = work.then(step);
    // Whoever publishes it hears of it.
    work.catch(() => {
      hasFailed = true;
    });
  }

  async function start(): Promise<void> {
    await before?.();
    const folder = await holdFolder(folderPath, { places });
    const path = folder.entry(temporary);
    // Before it is there: a process may end between the two, and a path where nothing stands does no harm.
    leftAtExit.add(path);
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
      opened = { folder, handle: await open(path, flags, mode) };
    } catch (error) {
      leftAtExit.delete(path);
      await folder.close();
      throw error;
    }
  }

  async function write(bytes: Uint8Array): Promise<void> {
    await opened?.handle.writeFile(bytes);
    unsynced += bytes.length;
    if (unsynced < unsyncedBytes) return;
    unsynced = 0;
    await opened?.handle.datasync();
  }

  /** Resolves with the number the file system knows the file by. */
  async function complete({ handle }: Opened): Promise<bigint> {
    const { size, ino } = await handle.stat({ bigint: true });
    if (size !== BigInt(added)) throw new Error(`wrote ${size} of ${added} bytes`);
    await handle.sync();
    await handle.close();
    return ino;
  }

  async function end(isLeft: boolean): Promise<void> {
    isOver = true;
    if (opened === undefined) return;
    const { folder, handle } = opened;
    const path = folder.entry(temporary);
    if (isLeft) await unlink(path).catch(() => undefined);
    leftAtExit.delete(path);
    await handle.close().catch(() => undefined);
    await folder.close();
  }

  inTurn(start);
  return {
    add(bytes) {
      added += bytes.length;
      inTurn(() => write(bytes));
    },
    async written() {
      await work;
      return join(opened?.folder.path ?? folderPath, temporary);
    },
    isSound: async (bytes) => !isOver && added === bytes && !hasFailed && (opened === undefined || (await opened.folder.isStillThere())),
    async publish(path, whenTaken) {
      let isLeft = true;
      try {
        await work;
        if (opened === undefined || isOver) throw new Error('a draft is published once');
        const { folder } = opened;
        const number = await complete(opened);
        await folder.requireHeld();
        const name =
          whenTaken === 'replace'
            ? await replace(temporary, basename(path), folder)
            : await linkToFreeName(temporary, path, whenTaken, folder);
        isLeft = false;
        await requireInPlace(name, number, folder);
        await folder.sync();
        return join(folder.path, name);
      } catch (cause) {
        throw toWriteError(cause, path);
      } finally {
        await end(isLeft);
      }
    },
    async discard() {
      await work.catch(() => undefined);
      if (!isOver) await end(true);
    },
  };
}

/** Where the drafts of this process lie, or are about to, that are neither published nor discarded. */
const leftAtExit = new Set<string>();

process.on('exit', () => {
  for (const path of leftAtExit) {
    try {
      unlinkSync(path);
    } catch {
      // Gone already.
    }
  }
});

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
export function toTemporary(): string {
  return `.limner-${randomBytes(8).toString('hex')}.part`;
}

/** True for the name of a file that is being written by limner, or was when its process died. */
export function isTemporary(name: string): boolean {
  return /^\.limner-[0-9a-f]{16}\.part$/.test(name);
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
