import { type Chunk, openChunk } from './body-chunk.ts';
import { createPicturePath, longestName } from './picture-path.ts';
import type { PictureSink, SetAside } from './set-aside.ts';

/** Goes through a body of JSON as it arrives. */
export interface PictureScan {
  /** Takes the next bytes and hands on all of them but the pictures. */
  push(chunk: Buffer): void;
  /** The body is over: hands on what was held back. */
  end(): void;
}

/** Strings shorter than this, as they are written, are handed on as they are. */
const shortest = 1024;

const [quote, backslash, colon, comma] = [0x22, 0x5c, 0x3a, 0x2c];
const [openObject, closeObject, openList, closeList] = [0x7b, 0x7d, 0x5b, 0x5d];

/** A control character: no JSON goes on after it. */
const garbage = Buffer.from([1]);
const none = Buffer.alloc(0);
const slash = Buffer.from('/');

/**
 * Takes the pictures out of an answer while it streams. What is handed on is the same JSON with a short string in each one's place; it can be parsed
 * exactly when the body can: only whole strings are exchanged, and one that no parser takes ends it. What is no JSON passes through.
 */
export function scanForPictures(aside: SetAside, handOn: (bytes: Uint8Array) => void, where?: 'line'): PictureScan {
  const path = createPicturePath(where);
  /** `between`: outside of strings. `passing`: in one that is handed on. `held`: in one that may become long. `taken`: in one that did. */
  let mode: 'between' | 'passing' | 'held' | 'taken' | 'broken' = 'between';
  /** What began an escape: a backslash, or in a string that is taken also its `u` and digits. */
  let escaped = '';
  /** The string that is passing, as it is written, while it may be a name. */
  let name: string | undefined;
  let held = none;
  let sink: PictureSink | undefined;

  function passBetween(chunk: Chunk): void {
    while (chunk.at < chunk.bytes.length) {
      const byte = chunk.bytes[chunk.at];
      chunk.at += 1;
      if (byte === quote) {
        mode = path.isAtPicture() ? 'held' : 'passing';
        name = path.isOn() ? '' : undefined;
        if (mode === 'held') chunk.handOn();
        return;
      }
      if (byte === openObject || byte === openList) path.enter(byte === openObject ? '{' : '[');
      else if (byte === closeObject || byte === closeList) path.leave();
      else if (byte === colon) path.name(name);
      else if (byte === comma) path.name(undefined);
    }
  }

  function passString(chunk: Chunk): void {
    const start = chunk.at;
    while (chunk.at < chunk.bytes.length) {
      if (escaped !== '') {
        escaped = '';
        chunk.at += 1;
        continue;
      }
      chunk.at = chunk.next();
      if (chunk.bytes[chunk.at] === quote) mode = 'between';
      if (chunk.bytes[chunk.at] === backslash) escaped = '\\';
      if (chunk.at < chunk.bytes.length) chunk.at += 1;
      if (mode === 'between') break;
    }
    if (name === undefined) return;
    const length = chunk.at - start - (mode === 'between' ? 1 : 0);
    name = name.length + length > longestName ? undefined : name + chunk.bytes.toString('latin1', start, start + length);
  }

  function holdString(chunk: Chunk): void {
    const start = chunk.at;
    const most = Math.min(chunk.bytes.length, start + shortest - held.length);
    for (; chunk.at < most; chunk.at += 1) {
      const byte = chunk.bytes[chunk.at];
      if (escaped === '' && byte === quote) break;
      escaped = escaped === '' && byte === backslash ? '\\' : '';
    }
    held = Buffer.concat([held, chunk.bytes.subarray(start, chunk.at)]);
    chunk.skip();
    if (held.length >= shortest) take();
    else if (chunk.at < chunk.bytes.length) {
      mode = 'passing';
      name = undefined;
      letGo();
    }
  }

  /** Hands on what turned out to be short. */
  function letGo(): void {
    if (held.length > 0) handOn(held);
    held = none;
  }

  function take(): void {
    mode = 'taken';
    escaped = '';
    sink = aside.open();
    const start = openChunk(held, () => undefined);
    held = none;
    takeString(start);
  }

  function takeString(chunk: Chunk): void {
    // What is nothing but base64 has no end and no escape in it: nearly every chunk is done here.
    if (escaped === '') chunk.at += sink?.writePlain(chunk.bytes.subarray(chunk.at)) ?? 0;
    while (mode === 'taken' && chunk.at < chunk.bytes.length) {
      if (escaped !== '') {
        takeEscape(chunk.bytes.toString('latin1', chunk.at, chunk.at + 1));
        chunk.at += 1;
        continue;
      }
      const end = chunk.next();
      const isFit = end === chunk.at || sink?.write(chunk.bytes.subarray(chunk.at, end));
      chunk.at = end;
      if (!isFit) giveUp();
      else if (chunk.bytes[end] === backslash) escaped = '\\';
      else if (chunk.bytes[end] === quote) close();
      if (escaped === '\\' && mode === 'taken') chunk.at += 1;
    }
    chunk.skip();
  }

  function close(): void {
    handOn(Buffer.from(sink?.close() ?? ''));
    sink = undefined;
    mode = 'passing';
    name = undefined;
  }

  function takeEscape(character: string): void {
    if (escaped === '\\' && character === '/') {
      // The one that servers write: every 64th character may be it.
      escaped = '';
      sink?.write(slash);
      return;
    }
    escaped += character;
    if (/^\\(u[\da-f]{0,3})?$/i.test(escaped)) return;
    const meant = toCharacter(escaped);
    escaped = '';
    if (meant === undefined) giveUp();
    else sink?.write(Buffer.from(meant));
  }

  /** No parser takes this string, so none may take what is handed on. */
  function giveUp(): void {
    mode = 'broken';
    handOn(garbage);
  }

  return {
    push(bytes) {
      const chunk = openChunk(bytes, handOn);
      while (chunk.at < bytes.length && mode !== 'broken') {
        if (mode === 'between') passBetween(chunk);
        else if (mode === 'passing') passString(chunk);
        else if (mode === 'held') holdString(chunk);
        else takeString(chunk);
      }
      if (mode !== 'broken') chunk.handOn();
    },
    end: letGo,
  };
}

/** What an escape in base64 stands for, in bytes that count; undefined when JSON has no such escape. */
function toCharacter(escaped: string): string | undefined {
  if (/^\\["\\bfnrt]$/.test(escaped)) return '';
  const code = /^\\u([\da-f]{4})$/i.exec(escaped)?.[1];
  if (code === undefined) return undefined;
  const character = String.fromCharCode(Number.parseInt(code, 16));
  return /[\w+/=-]/.test(character) ? character : '';
}
