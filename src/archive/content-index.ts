import { z } from 'zod';
import { appendLine, openGrowingFile } from '../files/append.ts';
import { remove, setAside } from '../files/publish.ts';
import type { ImageRecord } from './record.ts';

/** What a line holds of a record. */
type Entry = Pick<ImageRecord, 'id' | 'at' | 'call' | 'folder'>;

/** The records the index is made from. */
export interface IndexedRecords {
  listIds(): Promise<string[]>;
  read(ids: readonly string[]): Promise<ImageRecord[]>;
}

/**
 * A line per picture file, so that a picture is found by its bytes without reading ten thousand records. It only grows, holds nothing the records do
 * not, and what it lacks is entered anew from them; what stands in its place and cannot be read is set aside.
 */
export interface ContentIndex {
  /** Throws what the system said. */
  enter(entry: Entry, sha256: string): Promise<void>;
  /** Enters what is missing of a picture. Throws what the system said. */
  enterMissing(record: ImageRecord): Promise<void>;
  /** Ids of the lines that hold a text, newest first, each once. What cannot be read holds nothing. */
  idsWith(text: string): Promise<string[]>;
  /** The same of what is in the file, without asking what is not, which takes longer. */
  idsAtHand(text: string): Promise<string[]>;
  /** Something could not be entered: the next search looks for it. */
  doubt(): void;
  /** Removes it; it is made anew when it is next needed. */
  remove(): Promise<void>;
}

/** Sorted by time, since what was missing is entered late. */
const line = z.object({ id: z.string(), at: z.string() });

export function openContentIndex(path: string, records: IndexedRecords): ContentIndex {
  const file = openGrowingFile(path, (text) => text);
  /** How many lines there were when nothing was missing; with fewer the file was exchanged since. */
  let completeAt = 0;
  let completing: Promise<void> | undefined;

  const readLines = () => file.lines().catch((): readonly string[] => []);

  async function readComplete(): Promise<readonly string[]> {
    const { length } = await readLines();
    if (length < completeAt) completing = undefined;
    completing ??= complete().catch(() => {
      completing = undefined;
    });
    await completing;
    return readLines();
  }

  async function complete(): Promise<void> {
    const lines = await file.lines().catch(async () => {
      await setAside(path);
      return file.lines();
    });
    const known = new Set(lines.map(findIdIn));
    const missing = await records.read((await records.listIds()).filter((id) => !known.has(id)));
    const entries = missing.flatMap((record) => hashesOf(record).map((sha256) => toLine(record, sha256)));
    if (entries.length > 0) await appendLine(path, entries.join('\n'));
    completeAt = lines.length + entries.length;
  }

  const enter = (entry: Entry, sha256: string) => appendLine(path, toLine(entry, sha256));

  return {
    enter,
    async enterMissing(record) {
      const own = (await readLines()).filter((text) => findIdIn(text) === record.id);
      for (const sha256 of hashesOf(record)) if (!own.some((text) => text.includes(sha256))) await enter(record, sha256);
    },
    idsWith: async (text) => toIds(await readComplete(), text),
    idsAtHand: async (text) => toIds(await readLines(), text),
    doubt() {
      completing = undefined;
    },
    remove: () => remove(path),
  };
}

function toIds(lines: readonly string[], text: string): string[] {
  const entries = lines.filter((each) => each.includes(text)).flatMap(parse);
  return [...new Set(entries.sort((a, b) => b.at.localeCompare(a.at)).map(({ id }) => id))];
}

/** What a picture is found by: its bytes as they came and as they were delivered. */
function hashesOf({ original, delivered }: ImageRecord): string[] {
  return [...new Set([original?.sha256, delivered?.sha256])].filter((sha256) => sha256 !== undefined);
}

function toLine({ id, at, call, folder }: Entry, sha256: string): string {
  return JSON.stringify({ sha256, id, at, call, folder });
}

function parse(text: string): z.infer<typeof line>[] {
  try {
    return [line.parse(JSON.parse(text))];
  } catch {
    return [];
  }
}

/** The id in a whole line, without reading it as JSON: that would take most of the time of a search. */
function findIdIn(text: string): string | undefined {
  return text.endsWith('}') ? /"id":"(img_[a-z2-7]{16})"/.exec(text)?.[1] : undefined;
}
