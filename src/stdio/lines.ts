import { MessageScan, type Shape } from './scan.ts';

/**
 * The longest line that is kept, in bytes. The largest call that makes sense, 16,000 characters of prompt and a hundred paths of 4,096, all of it escaped, has less than 3 MB. The
 * rest is for a photograph of 12 MB somebody puts into an argument as base64: the tool itself then says what to give instead. Longer lines would hold up every other answer
 * while they are parsed.
 */
export const maxLineBytes = 16 * 1024 * 1024;

/** One line of stdin. A line that is too long has no bytes, and is told of as soon as it is known who sent it. */
export interface Line {
  /** Without the line feed; undefined when there were too many. */
  bytes: Buffer | undefined;
  shape: Shape;
}

/**
 * Cuts stdin into lines. What is kept is bounded: a line that grows too long is let go, and only read along with. `onLine` is told each line once, a line that is too long as
 * soon as its id is known.
 */
export class Lines {
  readonly #onLine: (line: Line) => void;
  #chunks: Buffer[] = [];
  #length = 0;
  #scan = new MessageScan();
  #isTold = false;

  constructor(onLine: (line: Line) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      this.#grow(chunk.subarray(start, end));
      this.end();
      start = end + 1;
    }
    this.#grow(chunk.subarray(start));
  }

  /** The line ends here: at a line feed, or with stdin. */
  end(): void {
    const [bytes, shape, isTold] = [
      this.#isTooLong() ? undefined : Buffer.concat(this.#chunks, this.#length),
      this.#scan.shape,
      this.#isTold,
    ];
    [this.#chunks, this.#length, this.#isTold, this.#scan] = [[], 0, false, new MessageScan()];
    if (!isTold && bytes?.length !== 0) this.#onLine({ bytes, shape });
  }

  #isTooLong(): boolean {
    return this.#length > maxLineBytes;
  }

  #grow(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#scan.push(bytes);
    this.#length += bytes.length;
    if (!this.#isTooLong()) {
      this.#chunks.push(bytes);
      return;
    }
    this.#chunks = [];
    const { shape } = this.#scan;
    if (this.#isTold || shape.id === undefined) return;
    this.#isTold = true;
    this.#onLine({ bytes: undefined, shape });
  }
}
