import type { Size } from '../media.ts';

/** A PNG and its size, up to 256×256 pixels. */
export interface IcoEntry extends Size {
  png: Uint8Array;
}

const headerLength = 6;
const entryLength = 16;

/**
 * An icon file (ICO) of PNG entries, which Windows reads since Vista and every browser does. Header, a directory of 16 bytes a picture, then the pictures
 * (https://learn.microsoft.com/en-us/previous-versions/ms997538(v=msdn.10)); an edge of 256 is written as 0.
 */
export function toIco(entries: readonly IcoEntry[]): Uint8Array {
  const directory = Buffer.alloc(headerLength + entryLength * entries.length);
  directory.writeUInt16LE(1, 2);
  directory.writeUInt16LE(entries.length, 4);
  let offset = directory.length;
  for (const [index, { width, height, png }] of entries.entries()) {
    const at = headerLength + entryLength * index;
    directory.writeUInt8(width % 256, at);
    directory.writeUInt8(height % 256, at + 1);
    directory.writeUInt16LE(1, at + 4);
    directory.writeUInt16LE(32, at + 6);
    directory.writeUInt32LE(png.length, at + 8);
    directory.writeUInt32LE(offset, at + 12);
    offset += png.length;
  }
  return Buffer.concat([directory, ...entries.map(({ png }) => png)]);
}
