import type { Stats } from 'node:fs';
import { access, constants, type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ToolError } from '../errors.ts';
import { formatBytes, quote } from '../text.ts';
import { isStillAt, whereIs } from './held-folder.ts';
import { isAllowed, type Places, requireAllowed, toAbsolutePath, toShownPath } from './paths.ts';
import { codeOf } from './system-error.ts';

/** Larger files are refused unread, in bytes: no photograph, scan or export the models can use comes near. */
const maxFileBytes = 50_000_000;

/** Without following a link, and without waiting for whoever would write to a pipe. */
const safely = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** A file that was opened, verified and read. */
export interface ReadFile {
  /** Absolute, links resolved. */
  path: string;
  bytes: Uint8Array;
}

/**
 * Reads a picture file an argument names. Opens first and verifies where the opened file lies, so that a link swapped in between leads nowhere, in
 * whatever part of the path. Throws `not_found`, `not_allowed` or `unreadable_image`, each naming the file.
 */
export function readPictureFile(argument: string, places: Places): Promise<ReadFile> {
  return readNamedFile(argument, places, 'picture');
}

/** The same of any other kind of file; `kind` is what it is called in errors: "prompts file". */
export async function readNamedFile(argument: string, places: Places, kind: string): Promise<ReadFile> {
  const absolute = toAbsolutePath(argument, places);
  const path = await requireAllowed(absolute, places, 'read', /[/\\]$/.test(argument) ? absolute : undefined);
  const handle = await open(path, safely).catch((cause) => {
    throw toReadError(cause, argument, path, kind);
  });
  try {
    // What lies outside is not so much as measured.
    if (!places.isPerson) await requireInside(handle, path, argument, places);
    const stats = await handle.stat();
    if (!stats.isFile())
      throw new ToolError('unreadable_image', `${quote(argument, 200)} is ${kindOf(stats)}, not a ${kind.replace(/ file$/, '')} file.`);
    if (stats.size > maxFileBytes) throw tooLarge(argument, stats.size, kind);
    return { path, bytes: await readAtMost(handle, stats.size) };
  } finally {
    await handle.close();
  }
}

async function requireInside(handle: FileHandle, path: string, argument: string, places: Places): Promise<void> {
  const where = whereIs(handle.fd);
  if (where === undefined ? isStillAt(path, handle.fd) : await isAllowed(where, places)) return;
  throw exchanged(argument);
}

function exchanged(argument: string): ToolError {
  return new ToolError('not_allowed', `${quote(argument, 200)} was exchanged for another file while it was opened; it was not read.`);
}

function toReadError(cause: unknown, argument: string, path: string, kind: string): ToolError {
  const code = codeOf(cause);
  const where = argument === path ? quote(argument, 200) : `${quote(argument, 200)} (looked for at ${toShownPath(path)})`;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ToolError('not_found', `There is no ${kind} at ${where}. Check the path, or ask where it is.`, { cause });
  if (code === 'EACCES' || code === 'EPERM')
    return new ToolError('unreadable_image', `The system does not let limner read ${where}.`, { cause });
  if (code === 'ELOOP') return exchanged(argument);
  if (code === 'ENXIO')
    return new ToolError('unreadable_image', `${where} is not a regular file, so no ${kind.replace(/ file$/, '')} file.`, { cause });
  return new ToolError('unreadable_image', `${where} could not be opened (${code ?? 'unknown reason'}).`, { cause });
}

async function readAtMost(handle: FileHandle, size: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(buffer, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function kindOf(stats: Stats): string {
  return stats.isDirectory() ? 'a folder' : 'not a regular file';
}

function tooLarge(argument: string, size: number, kind: string): ToolError {
  return new ToolError(
    'unreadable_image',
    `${quote(argument, 200)} has ${formatBytes(size)}; limner reads ${kind}s up to ${formatBytes(maxFileBytes)}. Make it smaller first.`,
  );
}

/** A text file of the person's, which may be a link; undefined when there is none, the error when it cannot be read. */
export async function readText(path: string): Promise<string | Error | undefined> {
  return readPlain(path, maxTextBytes, 0).then(
    (bytes) => Buffer.from(bytes).toString('utf8'),
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
      return error instanceof Error ? error : new Error(String(error));
    },
  );
}

/** Longest text file that is read, in bytes. */
const maxTextBytes = 1_000_000;

/** Longest file of our own that is read, in bytes: what Google's longest answer can hold. */
const maxOwnBytes = 150_000_000;

/** A file of our own as bytes, or undefined when it cannot be read or is something else: a link, a pipe, a folder, longer than `maxBytes`. */
export async function readBytes(path: string, maxBytes = maxOwnBytes): Promise<Uint8Array | undefined> {
  return readPlain(path, maxBytes, constants.O_NOFOLLOW ?? 0).catch(() => undefined);
}

/** `O_NONBLOCK` keeps a pipe nobody writes to from holding a thread for ever. */
async function readPlain(path: string, maxBytes: number, flags: number): Promise<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | flags);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error(`${path} is ${kindOf(stats)}`);
    if (stats.size > maxBytes)
      throw new Error(`${path} has ${formatBytes(stats.size)}, more than the ${formatBytes(maxBytes)} it may have`);
    return await readAtMost(handle, stats.size);
  } finally {
    // What was read is read, whatever closing says.
    await handle.close().catch(() => undefined);
  }
}

/** Names of what may be removed from a folder of our own, in no order; none where a link stands in its place, which may lead anywhere. */
export async function listRemovable(folder: string): Promise<string[]> {
  const isOurs = await lstat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  return isOurs ? listNames(folder) : [];
}

/** Names of what lies in a folder of our own, in no order; none when it cannot be read. */
export async function listNames(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** Bytes and last change, in milliseconds since 1970, of a file of our own; undefined when there is none, or a link or a folder in its place. */
export async function measure(path: string): Promise<{ bytes: number; changedAt: number } | undefined> {
  return lstat(path).then(
    (stats) => (stats.isFile() ? { bytes: stats.size, changedAt: stats.mtimeMs } : undefined),
    () => undefined,
  );
}

/**
 * Does the same for many files, some at a time. Keeps the order. A process may only have so many open; and what Node has under way for each stays in the
 * process as room for as many again, so that an archive asked about at once would take memory with every picture in it.
 */
export async function inParts<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let start = 0; start < items.length; start += partLength) {
    done.push(...(await Promise.all(items.slice(start, start + partLength).map(work))));
  }
  return done;
}

const partLength = 64;

/** True when something with this name exists, a dangling link included. */
export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** True when files can be made in this folder, as far as permissions tell. */
export async function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Whether a folder is there to be written to or can be made, as far as permissions tell; nothing is written. */
export async function canMake(folder: string): Promise<boolean> {
  const above = dirname(folder);
  return above === folder || (await exists(folder)) ? isWritable(folder) : canMake(above);
}

/** True for two paths of one file: by a hard link, or by a folder that is mounted twice. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map((path) => lstat(path, { bigint: true }).catch(() => undefined)));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}

/** True for a regular file; never for a link, whose target may be anywhere. */
export async function isPlainFile(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
