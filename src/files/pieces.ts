import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Read at a time, in bytes. */
const pieceBytes = 256 * 1024;

/** A file of our own that is never held as a whole. */
export interface PiecedFile {
  byteLength: number;
  /** The bytes from there to the end it had when it was opened. */
  readFrom(offset: number): AsyncIterable<Uint8Array>;
}

/** Measures a file of our own, to be read piece by piece. Throws what the system says; a link is none of ours. */
export async function openPieces(path: string): Promise<PiecedFile> {
  const handle = await openOwn(path);
  const stats = await handle.stat().finally(() => handle.close());
  if (!stats.isFile()) throw new Error(`${path} is no file`);
  return { byteLength: stats.size, readFrom: (offset) => readPieces(path, offset, stats.size) };
}

function openOwn(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
}

async function* readPieces(path: string, start: number, end: number): AsyncIterable<Uint8Array> {
  const handle = await openOwn(path);
  try {
    for (let at = start; at < end; ) {
      const length = Math.min(pieceBytes, end - at);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
      if (bytesRead === 0) throw new Error(`${path} became shorter`);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
