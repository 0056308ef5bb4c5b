import { exists } from '../files/read.ts';
import type { Archive } from './archive.ts';
import type { Ledger } from './ledger.ts';
import { type CallState, toCalls } from './ledger-calls.ts';

/** Pictures that were made and paid for, and that no answer has spoken of. */
export interface UnclaimedCall {
  call: string;
  /** Where they are: the files that were asked for, or else the originals. */
  paths: readonly string[];
}

/**
 * True for a call that has ended, was never answered, and brought pictures; also when it may have, since a process that dies may have put a picture on
 * disk and never entered it.
 */
export function isUnclaimed(call: CallState, ledger: Ledger): boolean {
  if (call.answered || ledger.isRunning(call) || ledger.isHeld(call.call)) return false;
  return call.files ? call.files.length > 0 : call.requests.some(({ state }) => state !== 'failed');
}

/** The ids of what a call brought. What arrived in the very moment its process died has an original, though the ledger does not say so. */
export async function toImageIds(call: CallState, archive: Archive): Promise<string[]> {
  if (call.files) return call.files.map(({ id }) => id);
  const ids: string[] = [];
  for (const { images, sent, state } of call.requests) {
    if (images.length > 0) ids.push(...images);
    else if (state !== 'failed' && (await archive.findOriginal(sent.image)) !== undefined) ids.push(sent.image);
  }
  return ids;
}

/** What was made in a folder and nobody was told of yet. */
export async function findUntold(folder: string, archive: Archive, ledger: Ledger): Promise<UnclaimedCall[]> {
  const calls = (await ledger.recentCalls()).filter((call) => call.folder === folder && !call.told && isUnclaimed(call, ledger));
  const found = await Promise.all(calls.map(async (call) => ({ call: call.call, paths: await toPaths(call, archive) })));
  return found.filter(({ paths }) => paths.length > 0);
}

/** The files that were asked for while they are there, else the originals. */
async function toPaths(call: CallState, archive: Archive): Promise<string[]> {
  const paths = await Promise.all(
    (await toImageIds(call, archive)).map(async (id) => {
      const file = call.files?.find((each) => each.id === id)?.path ?? (await archive.find(id))?.delivered?.path;
      return file !== undefined && (await exists(file)) ? file : archive.findOriginal(id);
    }),
  );
  return paths.filter((path) => path !== undefined);
}

/** Ids of every picture and call that is unclaimed, for those who remove things. */
export async function listUnclaimed(archive: Archive, ledger: Ledger): Promise<Set<string>> {
  const everything = toCalls((await ledger.all()).map(({ lines }) => lines));
  const calls = everything.filter((call) => isUnclaimed(call, ledger) || ledger.isRunning(call));
  const ids = await Promise.all(calls.map((call) => toImageIds(call, archive)));
  return new Set([...calls.map(({ call }) => call), ...ids.flat()]);
}
