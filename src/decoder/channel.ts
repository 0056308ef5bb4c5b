import type { Duplex } from 'node:stream';

/** Messages over a pipe, bytes included, both ways. */
export interface Channel {
  /** `written` is called once the message has left this process. */
  send(message: object, written?: () => void): void;
  /** The next message; undefined when the other end has gone. Rejects when that happened in the middle of one. */
  receive<T>(): Promise<T | undefined>;
}

/** Largest part of a message, in bytes: an export takes 400 MB at most and makes no more. */
const longest = 500_000_000;

/** What stands in a message for the bytes that follow it: `{ "$part": 0 }` for the first. */
const mark = '$part';

/**
 * Opens a channel on a pipe. A message is JSON, and the bytes in it follow as they are, so that they are copied once and not five times, as on Node's own
 * channel between processes. What comes from a process that may have been taken over is read as JSON, nothing more.
 */
export function openChannel(pipe: Duplex): Channel {
  const read = createReader(pipe);
  return {
    send(message, written) {
      const parts: Uint8Array[] = [];
      const text = Buffer.from(JSON.stringify(takeOut(message, parts)));
      const head = Buffer.alloc(8 + 4 * parts.length);
      for (const [index, number] of [parts.length, text.length, ...parts.map(({ length }) => length)].entries()) {
        head.writeUInt32BE(number, 4 * index);
      }
      for (const bytes of [head, text, ...parts]) pipe.write(bytes);
      if (written) pipe.write('', written);
    },
    async receive<T>() {
      const count = await read(4);
      if (count.length === 0) return undefined;
      const lengths = await read(4 + 4 * count.readUInt32BE());
      const parts: Buffer[] = [];
      for (let at = 0; at < lengths.length; at += 4) parts.push(await read(lengths.readUInt32BE(at)));
      const [text = '', ...bytes] = parts;
      const message: T = JSON.parse(text.toString(), (_, value) => putBack(value, bytes));
      return message;
    },
  };
}

/** Reads so many bytes from a pipe; none at its end. */
function createReader(pipe: Duplex): (length: number) => Promise<Buffer> {
  const chunks: AsyncIterator<Buffer> = pipe[Symbol.asyncIterator]();
  let rest: Uint8Array = Buffer.alloc(0);
  return async (length) => {
    if (length > longest) throw new RangeError(`a message of ${length} bytes`);
    const whole = Buffer.alloc(length);
    for (let filled = 0; filled < length; ) {
      if (rest.length === 0) {
        const { done, value } = await chunks.next();
        if (done) {
          if (filled === 0) return Buffer.alloc(0);
          throw new RangeError('half a message');
        }
        rest = value;
      }
      const part = rest.subarray(0, length - filled);
      whole.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
    }
    return whole;
  };
}

/** The same value with every run of bytes put aside and a mark in its place. */
function takeOut(value: unknown, parts: Uint8Array[]): unknown {
  if (value instanceof Uint8Array) return { [mark]: parts.push(value) - 1 };
  if (Array.isArray(value)) return value.map((item) => takeOut(item, parts));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, takeOut(item, parts)]));
}

function putBack(value: unknown, parts: readonly Uint8Array[]): unknown {
  if (typeof value !== 'object' || value === null || !(mark in value)) return value;
  const number = value[mark];
  return typeof number === 'number' ? parts[number] : value;
}
