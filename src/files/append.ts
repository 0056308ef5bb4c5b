import { constants, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { close, readSome, syncData } from './descriptor.ts';
import { codeOf } from './system-error.ts';

/** When a line is on the disk: once it is written; with the next line that is synced; or soon, while others go on, where `failed` hears why it is not. */
type Lasting = 'now' | 'with next' | { failed(cause: unknown): void };

/**
 * Appends one line to a file of our own. The folder and the file are made when missing, for this person alone. Lines of several processes do not mix: each is one write at the end. A line that another process left torn is ended first, so that it costs nobody else's. Rejects with
 * what the system said, also when only part of the line could be written.
 */
export async function appendLine(path: string, line: string, lasting: Lasting = 'now'): Promise<void> {
  const fd = openToAppend(path);
  let syncing: Promise<void> | undefined;
  try {
    const bytes = Buffer.from(`${endsTorn(fd) ? '\n' : ''}${line}\n`);
    const written = writeSync(fd, bytes);
    if (written !== bytes.length) throw new Error(`wrote ${written} of ${bytes.length} bytes`);
    if (lasting !== 'with next') syncing = syncData(fd);
    if (lasting === 'now') await syncing;
  } finally {
    if (syncing && typeof lasting === 'object') void syncing.catch(lasting.failed).then(() => close(fd));
    else close(fd);
  }
}

const appending = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

function openToAppend(path: string): number {
  try {
    return openSync(path, appending, 0o600);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, appending, 0o600);
  }
}

function endsTorn(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== newline;
}

const newline = 0x0a;

/** What a file of our own that only grows has that was not read before. */
interface Growth<Line> {
  /** Whole lines, oldest first, each as what it says. Lines no line of ours is as long as are passed over. */
  added: readonly Line[];
  /** What was read before is no longer there: the file was exchanged, cut short or removed, and `added` is all there is. */
  isAnew: boolean;
}

/** A file of our own that only grows, read piece by piece; nothing that was handed on is kept. */
export interface GrowingFile<Line> {
  /** Reads on; nothing when the file does not exist. Throws when it is there and cannot be read; what was read by then is handed on the next time. */
  readOn(): Promise<Growth<Line>>;
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Longest ledger or index that is read, in bytes; a file of ours stays far below. */
const maxGrowingBytes = 500_000_000;

/** Longest line that is kept, in bytes or so; a line of ours has some hundred. */
const maxLineBytes = 1_000_000;

/** Read at a time, in bytes. */
const pieceBytes = 4_000_000;

/** `parse` reads one line; what it reads as undefined is passed over. */
export function openGrowingFile<Line>(path: string, parse: (text: string) => Line | undefined): GrowingFile<Line> {
  let [offset, identity]: [number, string] = [0, ''];
  /** Read and not handed on yet. */
  let [added, isAnew]: [Line[], boolean] = [[], false];
  /** The line at `offset` is too long, and passed over to its end. */
  let passing = false;
  let reading: Promise<unknown> = Promise.resolve();
  return {
    readOn() {
      const turn = reading.then(readOn);
      reading = turn.catch(() => undefined);
      return turn;
    },
  };

  async function readOn(): Promise<Growth<Line>> {
    const fd = openIfThere(path);
    if (fd === undefined) startAnew('');
    else await readFrom(fd).finally(() => close(fd));
    const growth = { added, isAnew };
    [added, isAnew] = [[], false];
    return growth;
  }

  function startAnew(found: string): void {
    isAnew ||= offset > 0;
    [offset, added, identity, passing] = [0, [], found, false];
  }

  async function readFrom(fd: number): Promise<void> {
    const stats = fstatSync(fd);
    const { size, ino, birthtimeMs } = stats;
    if (!stats.isFile()) throw new Error(`${path} is no file`);
    // A number is given again to the next file.
    const found = `${ino} ${birthtimeMs}`;
    if (size > maxGrowingBytes) throw new Error(`${path} is too large to read`);
    // A file that was exchanged is read from its start.
    if (size < offset || found !== identity) startAnew(found);
    while (offset < size) {
      const length = Math.min(pieceBytes, size - offset);
      if (!take(await readSome(fd, length, offset))) break;
    }
  }

  /** Takes the whole lines of a piece; false when there is nothing more to take yet. */
  function take(piece: Buffer): boolean {
    const start = passing ? piece.indexOf(newline) + 1 : 0;
    const end = piece.lastIndexOf(newline) + 1;
    if (end <= start) {
      // Nothing but the rest of a long line, its end, or the start of one that is not whole yet.
      if (!passing && piece.length <= maxLineBytes) return false;
      passing = start === 0;
      offset += start === 0 ? piece.length : start;
      return piece.length > 0;
    }
    for (const text of piece.toString('utf8', start, end - 1).split('\n')) {
      const line = text.length <= maxLineBytes ? parse(text) : undefined;
      if (line !== undefined) added.push(line);
    }
    [offset, passing] = [offset + end, false];
    return true;
  }
}
