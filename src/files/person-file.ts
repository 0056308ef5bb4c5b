import type { Stats } from 'node:fs';
import { chmod, chown, lstat, mkdir, open, realpath, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ToolError } from '../errors.ts';
import { startDraft } from './draft.ts';
import { toShownPath } from './paths.ts';
import { codeOf } from './system-error.ts';
import { explainWriteError } from './write-error.ts';

/** A text file of the person's own that another program reads too: a host's configuration, limner's settings. */
export interface PersonFile {
  /** Where it is called for. */
  path: string;
  /** What it holds; undefined when it is not there. */
  text: string | undefined;
  /** Where it really is: a link is written through to its target. */
  target: string;
  stats: Stats | undefined;
}

/** Hosts keep histories in theirs; more than this, in bytes, is none. */
const maxBytes = 100_000_000;

/** Throws `cannot_write`, with the reason, for what cannot be read as a text. */
export async function readPersonFile(path: string): Promise<PersonFile> {
  const target = await findTarget(path);
  const absent = { path, text: undefined, target, stats: undefined };
  try {
    const handle = await open(target, 'r');
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw cannot('read', path, 'it is no file');
      if (stats.size > maxBytes) throw cannot('read', path, 'it is too large for a configuration');
      return { path, text: decode(await handle.readFile(), path), target, stats };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return absent;
    throw cause instanceof ToolError ? cause : cannot('read', path, explainWriteError(cause));
  }
}

async function findTarget(path: string): Promise<string> {
  const whole = await realpath(path).catch(() => undefined);
  if (whole !== undefined) return whole;
  const isLink = await lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
  if (isLink) throw cannot('read', path, 'it is a link that leads nowhere');
  return path;
}

/** Only what comes out as it went in can be written again. */
function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw cannot('read', path, 'it is no UTF-8 text');
  }
}

/** Throws `cannot_write` where the person does not let the file be written, or it is somebody else's. */
export async function requireOwn({ path, target, stats }: PersonFile): Promise<void> {
  const user = process.getuid?.();
  const owner = stats ?? (await findFolderAbove(target));
  // Replacing a read-only file would work; whoever made it so means it.
  if (stats && (stats.mode & 0o222) === 0) throw cannot('write', path, 'it is read-only');
  if (user !== undefined && owner && owner.uid !== user && (stats !== undefined || user === 0))
    throw cannot('write', path, 'it belongs to another user; run this as that user, without sudo');
}

async function findFolderAbove(path: string): Promise<Stats | undefined> {
  const folder = dirname(path);
  const stats = await stat(folder).catch(() => undefined);
  return stats ?? (folder === path ? undefined : findFolderAbove(folder));
}

/**
 * Puts a text in the place of what was read: whole or not at all, with `mode`, else the mode and the group it had, else for this person alone. Throws `cannot_write`,
 * also when the file was changed since it was read.
 */
export async function rewritePersonFile(file: PersonFile, text: string, mode?: number): Promise<void> {
  await requireOwn(file);
  const { path, target, stats } = file;
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const draft = startDraft(dirname(target), { mode: 0o600 });
    draft.add(Buffer.from(text));
    try {
      const written = await draft.written();
      if (stats) await keepRights(written, mode === undefined ? stats : { gid: stats.gid, mode });
      if ((await readPersonFile(path)).text !== file.text) throw cannot('write', path, 'another program changed it just now; try again');
      await draft.publish(target, 'replace');
    } finally {
      await draft.discard();
    }
  } catch (error) {
    throw explain(error, path);
  }
}

async function keepRights(path: string, { mode, gid }: Pick<Stats, 'mode' | 'gid'>): Promise<void> {
  // A group one is not a member of cannot be given; the mode then gives nobody more than it did.
  await chown(path, -1, gid).catch(() => undefined);
  await chmod(path, mode & 0o777);
}

/** The draft's own words are those of a picture that could not be written. */
function explain(error: unknown, path: string): unknown {
  const cause = error instanceof ToolError ? error.cause : error;
  return cause === undefined ? error : cannot('write', path, explainWriteError(cause));
}

/** Removes a file that is as it was when it was read. Throws `cannot_write`. */
export async function removePersonFile(file: PersonFile): Promise<void> {
  await requireOwn(file);
  await rm(file.target, { force: true }).catch((cause: unknown) => {
    throw cannot('write', file.path, explainWriteError(cause));
  });
}

function cannot(what: 'read' | 'write', path: string, why: string): ToolError {
  return new ToolError('cannot_write', `limner cannot ${what} ${toShownPath(path)}: ${why}.`);
}
