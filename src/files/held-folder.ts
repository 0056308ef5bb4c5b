import { constants, fstatSync, lstatSync, mkdirSync, openSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { close, sync } from './descriptor.ts';
import { isAllowed, isInArchive, type Places, toShownPath } from './paths.ts';
import { codeOf } from './system-error.ts';

/** A folder that is held open, so that what is done in it is done there, whatever its path leads to meanwhile. */
export interface HeldFolder {
  /** Where it is; absolute. */
  path: string;
  /** The path of an entry, for system calls alone. */
  entry(name: string): string;
  /** Throws `not_allowed` where the system cannot hold a folder, and its path leads elsewhere by now. */
  requireHeld(): void;
  /** Whether its path still leads to it. */
  isStillThere(): boolean;
  /** Makes new names durable, as far as the system can. */
  sync(): Promise<void>;
  /** Never throws. */
  close(): void;
}

export interface HoldOptions {
  /** Where the folder has to be, whatever is exchanged for a link; absent for a folder of our own. */
  places?: Places | undefined;
  /** Makes the folder and those above it where they are missing. */
  make?: boolean;
}

/** Where an opened file or folder lies, by what the system knows of its number: Linux says so, macOS and Windows do not. */
export function whereIs(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

/**
 * Opens the folder at a real path. Throws `not_allowed` where a link was put into that path since and it leads out of the allowed folders, and what the
 * system says.
 */
export async function holdFolder(folder: string, { places, make = false }: HoldOptions = {}): Promise<HeldFolder> {
  if (make && places === undefined) mkdirSync(folder, { recursive: true });
  const fd = await openFolder(folder, places, make);
  try {
    const where = fd === undefined ? undefined : whereIs(fd);
    if (places && where !== undefined && where !== folder && !(await isPlace(where, places))) throw exchanged(folder);
    const path = places && where !== undefined ? where : folder;
    const held = toHeld(path, fd, where, places !== undefined && !places.isPerson);
    held.requireHeld();
    return held;
  } catch (error) {
    if (fd !== undefined) close(fd);
    throw error;
  }
}

/** An exchange may lead from one allowed folder to another, and never into the archive. */
async function isPlace(where: string, places: Places): Promise<boolean> {
  return (await isAllowed(where, places)) && !(await isInArchive(where, places));
}

/** Where the system says where a folder is, it also takes names from there; elsewhere the path is all there is, and is looked at again. */
function toHeld(folder: string, fd: number | undefined, where: string | undefined, isGuarded: boolean): HeldFolder {
  const isBound = where !== undefined;
  const start = fd !== undefined && isBound ? `/proc/self/fd/${fd}` : folder;
  return {
    path: folder,
    entry: (name) => join(start, name),
    requireHeld() {
      if (isGuarded && !isBound && !isStillAt(folder, fd)) throw exchanged(folder);
    },
    isStillThere: () => (fd !== undefined && isBound ? whereIs(fd) === where : isStillAt(folder, fd)),
    sync: async () => (fd === undefined ? undefined : sync(fd).catch(() => undefined)),
    close: () => (fd === undefined ? undefined : close(fd)),
  };
}

/** Undefined where folders cannot be opened: on Windows, or without the right to list them. */
async function openFolder(folder: string, places: Places | undefined, make: boolean): Promise<number | undefined> {
  const own = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0);
  const flags = places === undefined ? own : own | (constants.O_NOFOLLOW ?? 0);
  try {
    return openSync(folder, flags);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EISDIR') return undefined;
    if (code !== 'ENOENT' || !make || dirname(folder) === folder) throw error;
  }
  const parent = await holdFolder(dirname(folder), { places, make });
  try {
    return makeAndOpen(parent.entry(basename(folder)), flags);
  } finally {
    parent.close();
  }
}

function makeAndOpen(path: string, flags: number): number | undefined {
  try {
    mkdirSync(path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  try {
    return openSync(path, flags);
  } catch (error) {
    if (codeOf(error) === 'EISDIR' || codeOf(error) === 'EPERM') return undefined;
    throw error;
  }
}

/** True while a path without links leads to what was opened. Two exchanges between looking and looking are not seen, so it is looked at thrice. */
export function isStillAt(path: string, fd: number | undefined): boolean {
  const opened = fd === undefined ? undefined : fstatSync(fd, { bigint: true });
  try {
    for (let round = 0; round < 3; round += 1) {
      const now = lstatSync(path, { bigint: true });
      if (realpathSync.native(path) !== path || (opened && (now.ino !== opened.ino || now.dev !== opened.dev))) return false;
    }
    return true;
  } catch {
    return false;
  }
}

function exchanged(folder: string): ToolError {
  return new ToolError(
    'not_allowed',
    `${toShownPath(folder)} was exchanged for another place meanwhile; nothing was done there. Try again.`,
  );
}
