import { closeSync, fdatasync, fsync, read, readSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';

/*
 * A file that is open is known here by its number. Opening, naming and looking are done at once: each takes some ten microseconds, the way to one of Node's threads and back takes
 * ten times as long, and a call does a hundred of them. What waits for the disk itself goes to a thread.
 */

const [readInThread, writeSome] = [promisify(read), promisify(write)];

/** As much is read at once, in bytes: what was written a moment ago, and lies in memory. */
const shortRead = 64 * 1024;

/** At most `length` bytes from `offset` on; fewer where the file ends. Rejects with what the system said. */
export async function readSome(fd: number, length: number, offset: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const count =
    length <= shortRead ? readSync(fd, buffer, 0, length, offset) : (await readInThread(fd, buffer, 0, length, offset)).bytesRead;
  return buffer.subarray(0, count);
}

/** Writes all of the bytes behind what was written before. Rejects with what the system said. */
export async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await writeSome(fd, bytes, at)).bytesWritten;
}

/** The same at once: for what the system takes into memory, which is a megabyte and not a picture of 4K. Throws what the system said. */
export function writeAllNow(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** Resolves once the file, or the names in a folder, outlive the computer's end. */
export const sync: (fd: number) => Promise<void> = promisify(fsync);

/** The same of what was written, without its times. */
export const syncData: (fd: number) => Promise<void> = promisify(fdatasync);

/** What was synced is there, whatever closing says. Never throws. */
export function close(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Closed, or gone with its disk.
  }
}
