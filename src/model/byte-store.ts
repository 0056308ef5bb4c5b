import type { ByteStore } from './base64.ts';

/** Memory that is asked for when nobody knows how much is coming: a picture of 1K. What is not written to takes none. */
const firstBytes = 4 * 1024 * 1024;

/** Fewer moves, and less left lying about, than with doubling: what outgrows the first is a 4K picture. */
const growth = 4;

/** Memory for pictures one after the other: when the size is known before, a single piece, and no byte of it is moved. */
export interface PictureStore extends ByteStore {
  /** How many bytes are coming at most, all pictures together. */
  expect(bytes: number): void;
  /** What comes now belongs to the next picture. */
  begin(): void;
  /** How many bytes of this picture there are so far. */
  length(): number;
  /** These bytes. */
  current(): Uint8Array;
}

export function createPictureStore(): PictureStore {
  let memory = Buffer.alloc(0);
  let [start, end] = [0, 0];
  let expected = firstBytes;

  function grow(length: number): void {
    const picture = memory.subarray(start, end);
    const size = memory.length === 0 ? expected : picture.length * growth;
    memory = Buffer.allocUnsafeSlow(Math.max(size, picture.length + length, Math.min(expected, firstBytes)));
    memory.set(picture);
    [start, end] = [0, picture.length];
  }

  return {
    expect(bytes) {
      expected = bytes;
    },
    begin() {
      start = end;
    },
    reserve(length) {
      if (end + length > memory.length) grow(length);
      return memory.subarray(end, end + length);
    },
    advance(length) {
      end += length;
    },
    length: () => end - start,
    current: () => new Uint8Array(memory.buffer, memory.byteOffset + start, end - start),
  };
}
