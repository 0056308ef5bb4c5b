import { lstat, open, stat, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ToolError } from '../errors.ts';
import { toTemporary } from './draft.ts';
import { type HeldFolder, holdFolder } from './held-folder.ts';
import { toShownPath } from './paths.ts';
import { explainWriteError } from './write-error.ts';

/** What was found out about a folder that can be written. */
export interface FolderProbe {
  /** False: it is not there yet, and what it would be made in can be written. */
  isThere: boolean;
  /** Tells file systems apart. */
  disk: string;
  /** Room on that file system for this person, in bytes; undefined where the system does not say. */
  freeBytes: number | undefined;
}

/**
 * Proves, by making a file and removing it, that a folder can be written, or can be made: then the file is made in the nearest folder above that is there. Nothing stays. Throws `cannot_write`
 * with the reason in words.
 */
export async function probeFolder(folder: string): Promise<FolderProbe> {
  const there = await findThere(folder);
  let held: HeldFolder | undefined;
  const name = toTemporary();
  try {
    held = await holdFolder(there);
    await (await open(held.entry(name), 'wx', 0o600)).close();
    await unlink(held.entry(name));
    return { isThere: there === folder, ...(await measureDisk(held.entry('.'))) };
  } catch (cause) {
    if (held) await unlink(held.entry(name)).catch(() => undefined);
    const what = there === folder ? toShownPath(folder) : `${toShownPath(folder)}, in ${toShownPath(there)}`;
    throw new ToolError('cannot_write', `${what}: ${explainWriteError(cause)}`, { cause });
  } finally {
    held?.close();
  }
}

/** The folder, or the nearest above it at which something is. */
async function findThere(folder: string): Promise<string> {
  const isThere = await lstat(folder).then(
    () => true,
    () => false,
  );
  return isThere || dirname(folder) === folder ? folder : findThere(dirname(folder));
}

async function measureDisk(folder: string): Promise<Pick<FolderProbe, 'disk' | 'freeBytes'>> {
  const { dev } = await stat(folder);
  const room = await statfs(folder).catch(() => undefined);
  // File systems that know no bounds have no blocks.
  return { disk: String(dev), freeBytes: room && room.blocks > 0 ? room.bavail * room.bsize : undefined };
}
