import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from './system-error.ts';

/**
 * Appends one line to a file of our own and syncs it; the folder and the file are made when missing, for this person alone. Lines of several processes
 * do not mix: each is one write at the end. A line that another process left torn is ended first, so that it costs nobody else's. Throws what the
 * system said, also when only part of the line could be written.
 */
export async function appendLine(path: string, line: string): Promise<void> {
  const handle = await openToAppend(path);
  try {
    const bytes = Buffer.from(`${(await endsTorn(handle)) ? '\n' : ''}${line}\n`);
    const { bytesWritten } = await handle.write(bytes);
    if (bytesWritten !== bytes.length) throw new Error(`wrote ${bytesWritten} of ${bytes.length} bytes`);
    await handle.datasync();
  } finally {
    // What was synced is there, whatever closing says.
    await handle.close().catch(() => undefined);
  }
}

async function openToAppend(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, flags, 0o600);
  }
}

async function endsTorn(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== newline;
}

const newline = 0x0a;

/** The whole lines of a file of our own that only grows, each as what it says; read again, it reads what is new. */
export interface GrowingFile<Line> {
  /**
   * All lines so far, oldest first, the same list as long as it is the same file; none when the file does not exist. Lines no line of ours is as long as
   * are passed over. Throws when it is there and cannot be read.
   */
  lines(): Promise<readonly Line[]>;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** Longest ledger or index that is read, in bytes; a file of ours stays far below. */
const maxGrowingBytes = 500_000_000;

/** Longest line that is kept, in bytes; a line of ours has some hundred. */
const maxLineBytes = 1_000_000;

/** Read at a time, in bytes. */
const pieceBytes = 4_000_000;

/** `parse` reads one line; what it reads as undefined is passed over. Only what it makes of a line is kept. */
export function openGrowingFile<Line>(path: string, parse: (text: string) => Line | undefined): GrowingFile<Line> {
  let [offset, lines, identity]: [number, Line[], string] = [0, [], ''];
  /** The line at `offset` is too long, and passed over to its end. */
  let passing = false;
  let reading: Promise<unknown> = Promise.resolve();
  return {
    lines() {
      const turn = reading.then(readOn);
      reading = turn.catch(() => undefined);
      return turn;
    },
  };

  async function readOn(): Promise<readonly Line[]> {
    const handle = await openIfThere(path);
    if (handle === undefined) {
      [offset, lines, identity, passing] = [0, [], '', false];
      return lines;
    }
    try {
      const stats = await handle.stat();
      const { size, ino, birthtimeMs } = stats;
      if (!stats.isFile()) throw new Error(`${path} is no file`);
      // A number is given again to the next file.
      const found = `${ino} ${birthtimeMs}`;
      if (size > maxGrowingBytes) throw new Error(`${path} is too large to read`);
      // A file that was exchanged is read from its start.
      if (size < offset || found !== identity) [offset, lines, identity, passing] = [0, [], found, false];
      while (offset < size) {
        const length = Math.min(pieceBytes, size - offset);
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset);
        if (!take(buffer.subarray(0, bytesRead))) break;
      }
      return lines;
    } finally {
      await handle.close().catch(() => undefined);
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
      const line = Buffer.byteLength(text) <= maxLineBytes ? parse(text) : undefined;
      if (line !== undefined) lines.push(line);
    }
    [offset, passing] = [offset + end, false];
    return true;
  }
}
