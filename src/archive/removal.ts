import { join } from 'node:path';
import { remove } from '../files/publish.ts';
import { inParts, listNames, listRemovable, measure } from '../files/read.ts';
import type { ContentIndex } from './content-index.ts';
import type { ImageRecord } from './record.ts';
import { toOwner } from './tidy.ts';

/** Takes pictures out of the archive because the person says so; delivered files are not touched. */
export interface Removal {
  /** Bytes that forgetting these pictures would free. */
  measure(ids: readonly string[]): Promise<number>;
  /** Removes records, originals and conversations; delivered files are not touched. Resolves with the bytes that became free. */
  forget(ids: readonly string[]): Promise<number>;
  /** Bytes the copies of replaced pictures take. */
  measureReplaced(): Promise<number>;
  /** Bytes of everything but these pictures and calls, copies of replaced pictures included. */
  measureAll(keep: ReadonlySet<string>): Promise<number>;
  /** Removes all that, whether it can still be read or not. */
  forgetAll(keep: ReadonlySet<string>): Promise<number>;
}

interface RemovalOptions {
  /** Folders of originals and records, of conversations, and of copies of replaced pictures. */
  images: string;
  turns: string;
  replaced: string;
  /** Records that could not be written. */
  own: Map<string, ImageRecord>;
  index: Pick<ContentIndex, 'remove'>;
  readRecord(id: string): Promise<ImageRecord | undefined>;
  findOriginal(id: string): Promise<string | undefined>;
  ofCall(call: string): Promise<ImageRecord[]>;
}

export function createRemoval({ images, turns, replaced, own, index, readRecord, findOriginal, ofCall }: RemovalOptions): Removal {
  /** Everything that is kept of a picture alone. */
  async function filesOf(id: string): Promise<string[]> {
    return [(await findOriginal(id)) ?? [], join(turns, `${id}.json.gz`), join(images, `${id}.json`)].flat();
  }

  /** What was sent for these pictures and for no other that is still there. */
  async function sentOnlyFor(records: readonly ImageRecord[]): Promise<string[]> {
    const names = new Map(records.flatMap(({ turn, call }) => (turn ? [[turn.sent, call]] : [])));
    const gone = new Set(records.map(({ id }) => id));
    const free: string[] = [];
    for (const [sent, call] of names) {
      const others = (await ofCall(call)).filter(({ id }) => !gone.has(id));
      if (!others.some(({ turn }) => turn?.sent === sent)) free.push(join(turns, `${sent}.json.gz`));
    }
    return free;
  }

  /** Every file but those of the pictures and calls to keep, readable or not. */
  async function listAll(keep: ReadonlySet<string>): Promise<string[]> {
    const names = await Promise.all(
      [images, turns, replaced].map(async (folder) => (await listRemovable(folder)).map((name) => ({ folder, name }))),
    );
    return names.flat().flatMap(({ folder, name }) => (keep.has(toOwner(name)) ? [] : [join(folder, name)]));
  }

  async function everythingOf(ids: readonly string[]): Promise<string[]> {
    const records = (await inParts(ids, readRecord)).filter((record) => record !== undefined);
    const [alone, shared] = [await inParts(ids, filesOf), await sentOnlyFor(records)];
    return [...alone.flat(), ...shared];
  }

  return {
    async measure(ids) {
      return toSum(await inParts(await everythingOf(ids), measureBytes));
    },
    async forget(ids) {
      const paths = await everythingOf(ids);
      for (const id of ids) own.delete(id);
      return toSum(await inParts(paths, removeMeasured));
    },
    async measureReplaced() {
      return toSum(await inParts(await listNames(replaced), (name) => measureBytes(join(replaced, name))));
    },
    async measureAll(keep) {
      return toSum(await inParts(await listAll(keep), measureBytes));
    },
    async forgetAll(keep) {
      own.clear();
      const bytes = toSum(await inParts(await listAll(keep), removeMeasured));
      // What stays is entered anew.
      await index.remove();
      return bytes;
    },
  };
}

async function measureBytes(path: string): Promise<number> {
  return (await measure(path))?.bytes ?? 0;
}

async function removeMeasured(path: string): Promise<number> {
  const bytes = await measureBytes(path);
  // A folder in a file's place is none of ours.
  return remove(path).then(
    () => bytes,
    () => 0,
  );
}

function toSum(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
