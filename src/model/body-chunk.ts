const [quote, backslash] = [0x22, 0x5c];

/** One piece of a body, and how far it is read. */
export interface Chunk {
  bytes: Buffer;
  at: number;
  /** Where the next quotation mark or backslash stands, or the end. */
  next(): number;
  /** Hands on what was read. */
  handOn(): void;
  /** Keeps it to ourselves. */
  skip(): void;
}

export function openChunk(bytes: Buffer, handOn: (bytes: Uint8Array) => void): Chunk {
  let from = 0;
  const [toQuote, toBackslash] = [quote, backslash].map((byte) => {
    let found = -1;
    // Looked for once, however often it is asked for.
    return (at: number) => {
      if (found < at) found = bytes.indexOf(byte, at);
      if (found < 0) found = bytes.length;
      return found;
    };
  });
  return {
    bytes,
    at: 0,
    next() {
      return Math.min(toQuote?.(this.at) ?? bytes.length, toBackslash?.(this.at) ?? bytes.length);
    },
    handOn() {
      if (this.at > from) handOn(bytes.subarray(from, this.at));
      from = this.at;
    },
    skip() {
      from = this.at;
    },
  };
}
