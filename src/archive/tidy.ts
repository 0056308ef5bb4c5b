import { join } from 'node:path';
import { isTemporary } from '../files/draft.ts';
import { remove, sweep } from '../files/publish.ts';
import { inParts, listRemovable, measure } from '../files/read.ts';
import { formatBytes, showPath } from '../text.ts';
import type { ImageRecord } from './record.ts';

/** What was removed to stay below the cap. */
export interface Tidied {
  removedBytes: number;
  /** Said when the archive is above its cap and nothing more may go. */
  warning?: string;
}

export interface TidierOptions {
  images: string;
  turns: string;
  replaced: string;
  stateDir: string;
  /** The cap; everything in the three folders counts. */
  maxBytes: number;
  readRecord(id: string): Promise<ImageRecord | undefined>;
}

export interface Tidier {
  /** Told of what was written, so that the folders need not be measured after each picture. */
  added(bytes: number): void;
  /** Measures the folders unless that was done a moment ago. */
  lookAround(): Promise<void>;
  /** Never throws. `unclaimed` lists the ids of pictures and calls nobody was answered with, which stay; asked only when something has to go. */
  tidy(unclaimed: () => Promise<ReadonlySet<string>>): Promise<Tidied>;
}

interface FileToRemove {
  path: string;
  bytes: number;
  /** Smaller goes first. */
  rank: number;
}

/** What is removed at a time, so that not every picture has to make room for itself. */
const slack = 0.05;

/** Other servers write too, so the folders are measured again after this time, in milliseconds. */
const measuredFor = 60_000;

/** An original whose delivered file is only a derivative, and a file that was replaced, stay this long, in milliseconds. */
const keptFor = 30 * 24 * 3_600_000;

/**
 * Keeps the archive below its cap. The oldest conversations go first, then the oldest originals that were delivered byte for byte, then what is a month
 * old and kept nowhere else; an unclaimed picture never.
 */
export function createTidier({ images, turns, replaced, stateDir, maxBytes, readRecord }: TidierOptions): Tidier {
  let total: number | undefined;
  let measuredAt = 0;
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function measureUnlessKnown(): Promise<void> {
    if (total === undefined || Date.now() - measuredAt > measuredFor) await measureAll();
  }

  async function tidyNow(listUnclaimed: () => Promise<ReadonlySet<string>>): Promise<Tidied> {
    const started = Date.now();
    await measureUnlessKnown();
    if ((total ?? 0) <= maxBytes) return { removedBytes: 0 };
    if (measuredAt < started) await measureAll();
    const unclaimed = await listUnclaimed();
    const before = total ?? 0;
    for (const stage of [findTurns, findDeliveredOriginals, findOldDerived]) {
      if ((total ?? 0) <= maxBytes * (1 - slack)) break;
      await removeUntilFits(await stage(unclaimed));
    }
    const removedBytes = before - (total ?? 0);
    return (total ?? 0) <= maxBytes ? { removedBytes } : { removedBytes, warning: describeFull(total ?? 0) };
  }

  async function measureAll(): Promise<void> {
    const folders = [images, turns, replaced];
    await Promise.all(folders.map((folder) => sweep(folder)));
    const files = await Promise.all(folders.map(listFiles));
    total = files.flat().reduce((sum, { bytes }) => sum + bytes, 0);
    measuredAt = Date.now();
  }

  async function removeUntilFits(files: readonly FileToRemove[]): Promise<void> {
    for (const { path, bytes } of [...files].sort((a, b) => a.rank - b.rank)) {
      if ((total ?? 0) <= maxBytes * (1 - slack)) return;
      const isGone = await remove(path).then(
        () => true,
        () => false,
      );
      if (isGone) total = (total ?? 0) - bytes;
    }
  }

  async function findTurns(unclaimed: ReadonlySet<string>): Promise<FileToRemove[]> {
    const files = await listFiles(turns);
    return files
      .filter(({ name }) => !unclaimed.has(toOwner(name)))
      .map(({ path, bytes, changedAt }) => ({ path, bytes, rank: changedAt }));
  }

  async function findDeliveredOriginals(unclaimed: ReadonlySet<string>): Promise<FileToRemove[]> {
    const found = await inParts(await listOriginals(unclaimed), async ({ file, record }) => {
      const { delivered, original } = record;
      // Where the output could not be written, the original was delivered in its place.
      if (delivered === undefined || delivered.sha256 !== original?.sha256 || delivered.path === file.path) return [];
      // Where the delivered file is gone, the original is the last copy, and stays its month.
      const isThere = (await measure(delivered.path))?.bytes === delivered.bytes;
      return isThere ? [{ ...file, rank: Date.parse(record.at) }] : [];
    });
    return found.flat();
  }

  async function findOldDerived(unclaimed: ReadonlySet<string>): Promise<FileToRemove[]> {
    const oldest = Date.now() - keptFor;
    const derived = (await listOriginals(unclaimed)).flatMap(({ file, record }) => {
      // A second shot was only ever to be compared with its first.
      const isSpent =
        record.shotOf === undefined ? record.delivered !== undefined && record.delivered.path !== file.path : !unclaimed.has(record.shotOf);
      return isSpent ? [{ ...file, rank: Date.parse(record.at) }] : [];
    });
    const copies = (await listFiles(replaced)).map(({ path, bytes, changedAt }) => ({ path, bytes, rank: changedAt }));
    return [...derived, ...copies].filter(({ rank }) => rank < oldest);
  }

  async function listOriginals(unclaimed: ReadonlySet<string>): Promise<{ file: Omit<FileToRemove, 'rank'>; record: ImageRecord }[]> {
    const files = (await listFiles(images)).filter(({ name }) => !name.endsWith('.json') && !unclaimed.has(toOwner(name)));
    const found = await inParts(files, async ({ name, path, bytes }) => {
      const record = await readRecord(toOwner(name));
      return record ? [{ file: { path, bytes }, record }] : [];
    });
    return found.flat();
  }

  function describeFull(bytes: number): string {
    return (
      `The archive in ${showPath(stateDir)} has ${formatBytes(bytes)}, more than the ${formatBytes(maxBytes)} it may have, and what is left may not be removed yet. ` +
      'The person can raise LIMNER_ARCHIVE_MAX_GB, or remove pictures with the command `forget`.'
    );
  }

  return {
    added(bytes) {
      if (total !== undefined) total += bytes;
    },
    lookAround: () => inTurn(measureUnlessKnown),
    tidy: (unclaimed) => inTurn(() => tidyNow(unclaimed)).catch(() => ({ removedBytes: 0 })),
  };
}

/** `img_abc` of `img_abc.jpg`, `call_abc` of `call_abc-0123.json.gz`. */
export function toOwner(name: string): string {
  return /^(?:img|call)_[a-z2-7]+/.exec(name)?.[0] ?? name;
}

interface ListedFile {
  name: string;
  path: string;
  bytes: number;
  changedAt: number;
}

async function listFiles(folder: string): Promise<ListedFile[]> {
  const names = (await listRemovable(folder)).filter((name) => !isTemporary(name));
  const found = await inParts(names, async (name) => {
    const path = join(folder, name);
    const facts = await measure(path);
    return facts ? [{ name, path, ...facts }] : [];
  });
  return found.flat();
}
