import { constants, type FileHandle, lstat, mkdir, open, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { isAllowed, isInArchive, type Places, toShownPath } from './paths.ts';
import { codeOf } from './system-error.ts';

/** A folder that is held open, so that what is done in it is done there, whatever its path leads to meanwhile. */
export interface HeldFolder {
  /** Where it is; absolute. */
  path: string;
  /** The path of an entry, for system calls alone. */
  entry(name: string): string;
  /** Throws `not_allowed` where the system cannot hold a folder, and its path leads elsewhere by now. */
  requireHeld(): Promise<void>;
  /** Whether its path still leads to it. */
  isStillThere(): Promise<boolean>;
  /** Makes new names durable, as far as the system can. */
  sync(): Promise<void>;
  /** Never throws. */
  close(): Promise<void>;
}

export interface HoldOptions {
  /** Where the folder has to be, whatever is exchanged for a link; absent for a folder of our own. */
  places?: Places | undefined;
  /** Makes the folder and those above it where they are missing. */
  make?: boolean;
}

/** Where an opened file or folder lies, by what the system knows of the handle: Linux says so, macOS and Windows do not. */
export async function whereIs(handle: FileHandle): Promise<string | undefined> {
  return readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
}

/**
 * Opens the folder at a real path. Throws `not_allowed` where a link was put into that path since and it leads out of the allowed folders, and what the
 * system says.
 */
export async function holdFolder(folder: string, { places, make = false }: HoldOptions = {}): Promise<HeldFolder> {
  if (make && places === undefined) await mkdir(folder, { recursive: true });
  const handle = await openFolder(folder, places, make);
  try {
    const where = handle && (await whereIs(handle));
    if (places && where !== undefined && where !== folder && !(await isPlace(where, places))) throw exchanged(folder);
    const path = places && where !== undefined ? where : folder;
    const held = toHeld(path, handle, where, places !== undefined && !places.isPerson);
    await held.requireHeld();
    return held;
  } catch (error) {
    await handle?.close().catch(() => undefined);
    throw error;
  }
}

/** An exchange may lead from one allowed folder to another, and never into the archive. */
async function isPlace(where: string, places: Places): Promise<boolean> {
  return (await isAllowed(where, places)) && !(await isInArchive(where, places));
}

/** Where the system says where a handle is, it also takes names from there; elsewhere the path is all there is, and is looked at again. */
function toHeld(folder: string, handle: FileHandle | undefined, where: string | undefined, isGuarded: boolean): HeldFolder {
  const isBound = where !== undefined;
  const start = handle && isBound ? `/proc/self/fd/${handle.fd}` : folder;
  return {
    path: folder,
    entry: (name) => join(start, name),
    async requireHeld() {
      if (isGuarded && !isBound && !(await isStillAt(folder, handle))) throw exchanged(folder);
    },
    isStillThere: async () => (handle && isBound ? (await whereIs(handle)) === where : isStillAt(folder, handle)),
    sync: async () => handle?.sync().catch(() => undefined),
    close: async () => handle?.close().catch(() => undefined),
  };
}

/** Undefined where folders cannot be opened: on Windows, or without the right to list them. */
async function openFolder(folder: string, places: Places | undefined, make: boolean): Promise<FileHandle | undefined> {
  const own = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0);
  const flags = places === undefined ? own : own | (constants.O_NOFOLLOW ?? 0);
  try {
    return await open(folder, flags);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EISDIR') return undefined;
    if (code !== 'ENOENT' || !make || dirname(folder) === folder) throw error;
  }
  const parent = await holdFolder(dirname(folder), { places, make });
  try {
    const path = parent.entry(basename(folder));
    await mkdir(path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    return await open(path, flags).catch((error: unknown) => {
      if (codeOf(error) === 'EISDIR' || codeOf(error) === 'EPERM') return undefined;
      throw error;
    });
  } finally {
    await parent.close();
  }
}

/** True while a path without links leads to what was opened. Two exchanges between looking and looking are not seen, so it is looked at thrice. */
export async function isStillAt(path: string, handle: FileHandle | undefined): Promise<boolean> {
  const opened = await handle?.stat({ bigint: true });
  for (let round = 0; round < 3; round += 1) {
    const [now, real] = [await lstat(path, { bigint: true }).catch(() => undefined), await realpath(path).catch(() => undefined)];
    if (real !== path || now === undefined || (opened && (now.ino !== opened.ino || now.dev !== opened.dev))) return false;
  }
  return true;
}

function exchanged(folder: string): ToolError {
  return new ToolError(
    'not_allowed',
    `${toShownPath(folder)} was exchanged for another place meanwhile; nothing was done there. Try again.`,
  );
}
