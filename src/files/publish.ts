import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, type StatsFs, statfsSync, unlinkSync } from 'node:fs';
import { rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ToolError } from '../errors.ts';
import { type Draft, type DraftOptions, isTemporary, startDraft, toTemporary, type WhenTaken } from './draft.ts';
import { type HeldFolder, holdFolder } from './held-folder.ts';
import { type Places, toShownPath } from './paths.ts';
import { listNames, measure } from './read.ts';
import { toWriteError } from './write-error.ts';

interface PublishOptions extends Pick<DraftOptions, 'mode' | 'places' | 'isLasting' | 'settling'> {
  /** These very bytes, which were written while they arrived. */
  draft?: Draft | undefined;
}

/**
 * Writes a whole file or none, under a name nobody had (see `Draft`). Resolves with the path it got: `fox.png`, or `fox-2.png` when taken. Throws `cannot_write`,
 * or `not_allowed` where the folder leads elsewhere by now; then nothing is left behind.
 */
export async function publish(
  path: string,
  bytes: Uint8Array,
  whenTaken: WhenTaken,
  { draft, ...options }: PublishOptions = {},
): Promise<string> {
  if (await draft?.isSound(bytes.length)) {
    // What went wrong with it is tried anew, and told then.
    const published = await draft?.publish(path, whenTaken).catch(() => undefined);
    if (published !== undefined) return published;
  }
  await draft?.discard();
  const fresh = startDraft(dirname(path), options);
  fresh.add(bytes);
  return fresh.publish(path, whenTaken);
}

/** No file is written for longer, in milliseconds. */
const writtenWithin = 3_600_000;

/** When folders were last swept, in milliseconds as of `Date.now()`, and how long that does. */
const swept = new Map<string, number>();
const sweptFor = 600_000;

/** Removes what killed processes left half written in a folder, unless that was done a moment ago. Never throws. */
export async function sweep(folder: string, places?: Places): Promise<void> {
  if (Date.now() - (swept.get(folder) ?? 0) < sweptFor) return;
  swept.set(folder, Date.now());
  const held = await holdFolder(folder, { places }).catch(() => undefined);
  if (held === undefined) return;
  for (const name of (await listNames(held.entry('.'))).filter(isTemporary)) {
    const left = await measure(held.entry(name));
    if (left && Date.now() - left.changedAt > writtenWithin) await unlink(held.entry(name)).catch(() => undefined);
  }
  held.close();
}

/** Makes a folder of our own, for this person alone. Never throws: whoever writes into it hears why that is not possible. */
export function makeOwnFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // Told when it is written to.
  }
}

/**
 * Makes the folder and proves, by making a file, that it can be written and has room. Throws `cannot_write`, and `not_allowed` where it leads out of
 * `places` by now. Done before anything is paid for.
 */
export async function ensureWritable(folder: string, bytesNeeded: number, places?: Places): Promise<void> {
  const probe = toTemporary();
  let held: HeldFolder | undefined;
  let room: StatsFs | undefined;
  try {
    held = await holdFolder(folder, { places, make: true });
    closeSync(openSync(held.entry(probe), 'wx'));
    unlinkSync(held.entry(probe));
    room = measureRoom(held.entry('.'));
  } catch (cause) {
    if (held) await unlink(held.entry(probe)).catch(() => undefined);
    throw toWriteError(cause, folder);
  } finally {
    held?.close();
  }
  if (room && room.blocks > 0 && room.bavail * room.bsize < bytesNeeded) {
    throw new ToolError('cannot_write', `The disk that holds ${toShownPath(folder)} is full: free some space or choose another output.`);
  }
}

/** Undefined where the system does not say. */
function measureRoom(folder: string): StatsFs | undefined {
  try {
    return statfsSync(folder);
  } catch {
    return undefined;
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
