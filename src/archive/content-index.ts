import { z } from 'zod';
import { appendLine, openGrowingFile } from '../files/append.ts';
import { remove, setAside } from '../files/publish.ts';
import type { ImageRecord } from './record.ts';

/** What a line holds of a record, and of one of its files. */
interface Entry extends Pick<ImageRecord, 'id' | 'at' | 'call' | 'folder'> {
  sha256: string;
}

/** The records the index is made from. */
export interface IndexedRecords {
  listIds(): Promise<string[]>;
  read(ids: readonly string[]): Promise<ImageRecord[]>;
}

/** What a picture is looked for by; without any, every picture is meant. */
export type Sought = Partial<Pick<Entry, 'sha256' | 'call' | 'folder'>>;

/**
 * A line per picture file, so that a picture is found by its bytes without reading ten thousand records. It only grows, holds nothing the records do
 * not, and what it lacks is entered anew from them; what stands in its place and cannot be read is set aside.
 */
export interface ContentIndex {
  /** Throws what the system said. */
  enter(record: Omit<Entry, 'sha256'>, sha256: string): Promise<void>;
  /** Enters what is missing of a picture. Throws what the system said. */
  enterMissing(record: ImageRecord): Promise<void>;
  /** Ids of the pictures that are sought, newest first, each once, found as they are asked for. What cannot be read holds nothing. */
  find(sought: Sought): Promise<Iterable<string>>;
  /** The same of what is in the file, without asking what is not, which takes longer. */
  findAtHand(sought: Sought): Promise<Iterable<string>>;
  /** Something could not be entered: the next search looks for it. */
  doubt(): void;
  /** Removes it; it is made anew when it is next needed. */
  remove(): Promise<void>;
}

/** Pictures whose last line is remembered; more are seldom on their way at once. */
const mostRemembered = 100;

export function openContentIndex(path: string, records: IndexedRecords): ContentIndex {
  const file = openGrowingFile(path, (text) => text);
  /** Oldest first, as they were written: reading ten thousand takes most of the time of a search. */
  let lines: string[] = [];
  /** How many lines there were when nothing was missing; with fewer the file was exchanged since. */
  let completeAt = 0;
  let completing: Promise<void> | undefined;

  async function readOn(): Promise<readonly string[]> {
    const { added, isAnew } = await file.readOn();
    if (isAnew) lines = [];
    const isInOrder = areInOrder(lines.at(-1), added);
    for (const text of added) lines.push(text);
    // Somebody may still go through the list.
    if (!isInOrder) lines = [...lines].sort(byTime);
    return lines;
  }

  const readLines = () => readOn().catch((): readonly string[] => []);

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
    const present = await readOn().catch(async () => {
      await setAside(path);
      return readOn();
    });
    const [count, known] = [present.length, new Set(present.map(toId))];
    const missing = await records.read((await records.listIds()).filter((id) => !known.has(id)));
    const entries = missing.flatMap((record) => hashesOf(record).map((sha256) => toLine(record, sha256)));
    if (entries.length > 0) await appendLine(path, entries.join('\n'));
    completeAt = count + entries.length;
  }

  /** The line that was entered last for a picture, until its record is complete: most need no other, and nothing is read to find that out. */
  const lastEntered = new Map<string, string>();

  const enter = (record: Omit<Entry, 'sha256'>, sha256: string, lasting: 'now' | 'with next') =>
    appendLine(path, toLine(record, sha256), lasting);

  return {
    async enter(record, sha256) {
      // A picture that is in no line is entered anew from its record: nobody waits for the disk.
      await enter(record, sha256, 'with next');
      // Of some no more is ever entered.
      if (lastEntered.size >= mostRemembered) lastEntered.clear();
      lastEntered.set(record.id, sha256);
    },
    async enterMissing(record) {
      const entered = lastEntered.get(record.id);
      lastEntered.delete(record.id);
      if (hashesOf(record).every((sha256) => sha256 === entered)) return;
      const own = (await readLines()).filter((text) => toId(text) === record.id);
      for (const sha256 of hashesOf(record)) if (!own.some((text) => text.includes(sha256))) await enter(record, sha256, 'now');
    },
    find: async (sought) => newestFirst(await readComplete(), sought),
    findAtHand: async (sought) => newestFirst(await readLines(), sought),
    doubt() {
      completing = undefined;
    },
    remove: () => remove(path),
  };
}

function* newestFirst(lines: readonly string[], sought: Sought): Generator<string> {
  const texts = Object.values(sought).map((text) => JSON.stringify(text));
  const found = new Set<string>();
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const line = lines[index] ?? '';
    const entry = texts.every((text) => line.includes(text)) ? parse(line) : undefined;
    if (entry === undefined || found.has(entry.id) || !fits(entry, [entry.sha256], sought)) continue;
    found.add(entry.id);
    yield entry.id;
  }
}

/** Whether a record is one that is sought; one that has no file is so by its call or folder. */
export function isSought(record: ImageRecord, sought: Sought): boolean {
  return fits(record, hashesOf(record), sought);
}

function fits(
  made: Pick<Entry, 'call' | 'folder'>,
  hashes: readonly string[],
  { sha256, call = made.call, folder = made.folder }: Sought,
): boolean {
  return made.call === call && made.folder === folder && (sha256 === undefined || hashes.includes(sha256));
}

/** What a picture is found by: its bytes as they came and as they were delivered. */
function hashesOf({ original, delivered }: ImageRecord): string[] {
  return [...new Set([original?.sha256, delivered?.sha256])].filter((sha256) => sha256 !== undefined);
}

function toLine({ id, at, call, folder }: Omit<Entry, 'sha256'>, sha256: string): string {
  return JSON.stringify({ sha256, id, at, call, folder });
}

/** A line as it is written. */
const whole = /^\{"sha256":"([0-9a-f]{64})","id":"(img_[a-z2-7]{16})","at":"([^"\\]+)","call":"([^"\\]+)","folder":(".*")\}$/;

/** Where the id and the time stand in it. */
const idFrom = '{"sha256":"","id":"'.length + 64;
const idLength = 'img_'.length + 16;
const timeFrom = idFrom + idLength + '","at":"'.length;

function toId(text: string): string {
  return text.slice(idFrom, idFrom + idLength);
}

function toTime(text: string): string {
  return text.slice(timeFrom, text.indexOf('"', timeFrom));
}

/** What was missing is entered late. */
function areInOrder(last: string | undefined, added: readonly string[]): boolean {
  let before = last === undefined ? '' : toTime(last);
  return added.every((text) => {
    const time = toTime(text);
    const isLater = before <= time;
    before = time;
    return isLater;
  });
}

function byTime(a: string, b: string): number {
  const [first, second] = [toTime(a), toTime(b)];
  return first < second ? -1 : Number(first > second);
}

function parse(text: string): Entry | undefined {
  const [, sha256, id, at, call, quoted] = whole.exec(text) ?? [];
  if (sha256 === undefined || id === undefined || at === undefined || call === undefined || quoted === undefined) return undefined;
  try {
    return { sha256, id, at, call, folder: z.string().parse(JSON.parse(quoted)) };
  } catch {
    return undefined;
  }
}
