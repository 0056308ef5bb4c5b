import { createByteSearch } from './byte-search.ts';
import { withoutHidden } from './text.ts';

/** Finds keys in what leaves, however they were written down, and puts `[redacted]` in their place. */
export interface Redactor {
  /** The text without any key; text that holds none comes back as it is, hidden characters included. */
  redact(text: string): string;
  /** Whether the text holds one of this server's keys, or a piece of one. Keys of others are not looked for. */
  finds(text: string): boolean;
  /** The bytes without this server's keys, as many as before; the very same bytes when there is none in them. */
  redactBytes(bytes: Uint8Array): Uint8Array;
  /** Length of the longest form of a key: text or bytes that are looked through piece by piece have to overlap by as much. */
  readonly reach: number;
  /** From now on these are found as well. Of those that are learnt only the last few are kept, since tokens end within hours. */
  learn(secrets: readonly string[]): void;
}

const redacted = '[redacted]';

/** A piece this long is as good as a leak; shorter ones stand in words by chance. In characters of each form. */
const pieces = { plain: 8, base64: 10, hex: 16 } as const;

/** Shorter keys are looked for as a whole only: they are some proxy's own, and pieces of them may be words. */
const shortestCut = 20;

/**
 * Finds these keys: whole, and for keys as long as Google's any piece of eight characters; in plain, in hexadecimal, in both base64 alphabets wherever the
 * key stands in what was encoded, and with any of its characters escaped as in addresses, JSON or HTML. Hidden characters and white space in between hide nothing.
 * Also whatever looks like a key of Google's or is called one, since errors may speak of keys of others.
 */
export function createRedactor(keys: readonly string[]): Redactor {
  let learnt: readonly string[] = [];
  let [needles, wholes] = [toNeedles(keys), toWholes(keys)];
  let search: ReturnType<typeof createByteSearch> | undefined;
  const finds = (text: string) => findKeys(withoutHidden(text), needles).length > 0;
  return {
    finds,
    redact(text) {
      // What lies between a key's letters would keep it from being seen, and is of no use to anybody.
      const plain = withoutHidden(text);
      const own = findKeys(plain, needles);
      return replaceOthers(own.length > 0 ? cutOut(plain, own) : text);
    },
    redactBytes(bytes) {
      // Put together with the first picture: a host waits for all that is done before.
      search ??= createByteSearch(wholes);
      return overwrite(bytes, search);
    },
    get reach() {
      return Math.max(0, ...wholes.map(({ length }) => length));
    },
    learn(secrets) {
      const fresh = secrets.filter((secret) => secret !== '' && !learnt.includes(secret) && !keys.includes(secret));
      if (fresh.length === 0) return;
      learnt = [...learnt, ...fresh].slice(-mostLearnt);
      const all = [...keys, ...learnt];
      [needles, wholes, search] = [toNeedles(all), toWholes(all), undefined];
    },
  };
}

const mostLearnt = 4;

function toWholes(keys: readonly string[]): Buffer[] {
  return keys.flatMap((key) => [...toForms(key).map(({ text }) => Buffer.from(text)), ...toDecoded(key)]);
}

/** Where a word begins, also right after a line break or the like that JSON or an address escaped: its last letter is none of the word. */
const begins = String.raw`(?:\b|(?<=\\[nrt]|(?:%|\\x)[\da-fA-F]{2}|\\u[\da-fA-F]{4}))`;
const gap = String.raw`(?:\s|\\{1,4}[nrt])`;
const quotation = String.raw`(?:\\{0,4}["'\x60])?`;
/** A digit and a letter; words, of folders or of prompts, have letters alone. */
const mixed = String.raw`(?=[a-zA-Z_.~+/=-]{0,200}\d)(?=[\d_.~+/=-]{0,200}[a-zA-Z])`;

/** Keys as Google makes them, and tokens of its accounts. No word begins like the first kind, and one in some hundreds of it has no digit. */
const googleKeys = new RegExp(
  String.raw`${begins}(?:AIza|(?:AQ|ya29)\.(?=[a-zA-Z_.-]{0,200}\d)(?=[\d_.-]{0,200}[a-zA-Z]))[\w.-]{20,}`,
  'g',
);
/** What is called a key, in a header, an address or a setting. Shorter values are placeholders. */
const namedKeys = new RegExp(
  `((?:x-goog-api-key|authorization|api[-_ ]?key|access[-_]?token|[?&]key)${quotation}${gap}{0,3}(?:[:=]|%3D)${gap}{0,3}${quotation}(?:(?:bearer|basic)${gap}{1,3})?` +
    String.raw`|(?:authorization|:)${gap}{0,3}${quotation}bearer${gap}{1,3})${mixed}[\w.~+/=-]{16,}`,
  'gi',
);
/** "Bearer" alone is a word as well, so only what is unlike any counts after it: long, with digits and capitals. */
const bearerTokens = new RegExp(
  String.raw`(${begins}(?:[Bb]earer|BEARER)${gap}{1,3})(?=[a-zA-Z_.~+/=-]{0,200}\d)(?=[\da-z_.~+/=-]{0,200}[A-Z])[\w.~+/=-]{20,}`,
  'g',
);

function replaceOthers(text: string): string {
  return text.replace(googleKeys, redacted).replace(namedKeys, `$1${redacted}`).replace(bearerTokens, `$1${redacted}`);
}

interface Form {
  text: string;
  /** How long a piece of it has to be to count. */
  piece: number;
}

/** The key as it may be written down; of base64 what is the same wherever in the encoded bytes it stands. */
function toForms(key: string): Form[] {
  const hex = Buffer.from(key).toString('hex');
  const base64 = [0, 1, 2].map((before) => {
    const encoded = Buffer.from('\0'.repeat(before) + key).toString('base64');
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + key.length) * 8) / 6));
  });
  const forms = [
    { text: key, piece: pieces.plain },
    ...[hex, hex.toUpperCase()].map((text) => ({ text, piece: pieces.hex })),
    ...base64.map((text) => ({ text, piece: pieces.base64 })),
    ...base64.map((text) => ({ text: text.replaceAll('+', '-').replaceAll('/', '_'), piece: pieces.base64 })),
  ];
  // Many are the same in both alphabets.
  return [...new Map(forms.map((form) => [form.text, form])).values()];
}

/** Bytes whose base64 shows the key to whoever reads that: what is the same wherever in the base64 it stands. Of short keys chance may make them. */
function toDecoded(key: string): Buffer[] {
  const letters = key.replace(/[^\w+/-]/g, '');
  if (letters.length < shortestCut) return [];
  return [0, 1, 2, 3].map((before) => Buffer.from(letters.slice(before, before + ((letters.length - before) & ~3)), 'base64'));
}

interface Needles {
  /** Pieces, and what is no longer than they are, by their length in characters. */
  byLength: ReadonlyMap<number, ReadonlySet<string>>;
  /** Longer ones by their first letters: to look them up whole would take all of their length at every place. */
  byHead: ReadonlyMap<string, readonly string[]>;
  /** 1 where some needle starts with these two ASCII characters; nearly all of a text is passed over by it where there are few. */
  starts: Uint8Array;
  /** 1 where some needle may start with these four, by what `toPlace` makes of them; its length is a power of two. */
  heads: Uint8Array;
  /** Some needle is shorter than that. */
  isShort: boolean;
}

const ascii = 128;

/** A token has thousands of pieces, which begin with nearly every pair of letters: there has to be room to tell fours of them apart. */
const [fewHeads, manyHeads] = [2 ** 14, 2 ** 20];
const mostFew = 2000;

const headLength = 8;

function toNeedles(keys: readonly string[]): Needles {
  const all = keys.flatMap((key) => toForms(key).flatMap((form) => cut(form, key)));
  const byLength = new Map<number, Set<string>>();
  const byHead = new Map<string, string[]>();
  const [starts, heads] = [new Uint8Array(ascii * ascii), new Uint8Array(all.length > mostFew ? manyHeads : fewHeads)];
  for (const needle of all) {
    const head = needle.slice(0, headLength);
    if (needle.length > pieces.hex) byHead.set(head, [...(byHead.get(head) ?? []), needle]);
    else byLength.set(needle.length, (byLength.get(needle.length) ?? new Set()).add(needle));
    starts[needle.charCodeAt(0) * ascii + needle.charCodeAt(1)] = 1;
    heads[toPlace(needle, 0, heads.length)] = 1;
  }
  return { byLength, byHead, starts, heads, isShort: all.some(({ length }) => length < 4) };
}

/** Where four characters stand in a table of this length. */
function toPlace(text: string, at: number, length: number): number {
  const pair = text.charCodeAt(at) * 31 + text.charCodeAt(at + 1);
  return ((pair * 31 + text.charCodeAt(at + 2)) * 31 + text.charCodeAt(at + 3)) & (length - 1);
}

const words = /^[a-z_.-]*$/;

/** All pieces of a form. Eight small letters in a row are left out: they may be a word, and say little of a key. */
function cut({ text, piece }: Form, key: string): string[] {
  if (key.length < shortestCut || text.length <= piece) return [text];
  const all = Array.from({ length: text.length - piece + 1 }, (_, start) => text.slice(start, start + piece));
  return [text, ...all.filter((part) => !words.test(part))];
}

/** Start and end of a stretch of text. */
type Stretch = readonly [start: number, end: number];

/** Where keys or pieces of them are, in order; also with white space in between, under escapes, and escapes of escapes. */
function findKeys(text: string, needles: Needles, depth = 0): Stretch[] {
  const found = [...findPlain(text, needles), ...findSpaced(text, needles)];
  const escaped = depth < 3 ? undoEscapes(text) : undefined;
  if (escaped === undefined) return found;
  const inside = findKeys(escaped.text, needles, depth + 1);
  const outside = inside.map(([start, end]): Stretch => [escaped.places[start] ?? 0, escaped.places[end] ?? text.length]);
  return [...found, ...outside].sort(([a], [b]) => a - b);
}

function findPlain(text: string, { byLength, byHead, starts, heads, isShort }: Needles): Stretch[] {
  const found: Stretch[] = [];
  let first = text.charCodeAt(0);
  for (let start = 0; start < text.length - 1; start += 1) {
    const second = text.charCodeAt(start + 1);
    const mayStart = first < ascii && second < ascii && starts[first * ascii + second] === 1;
    if (mayStart && (isShort || heads[toPlace(text, start, heads.length)] === 1)) {
      for (const [length, needles] of byLength) if (needles.has(text.slice(start, start + length))) found.push([start, start + length]);
      for (const long of byHead.get(text.slice(start, start + headLength)) ?? [])
        if (text.startsWith(long, start)) found.push([start, start + long.length]);
    }
    first = second;
  }
  return found;
}

/** A text with parts left out or exchanged, and for each of its characters where that stood. */
function startReading(text: string) {
  let [plain, after] = ['', 0];
  const places: number[] = [];
  const copyTo = (end: number) => {
    for (let place = after; place < end; place += 1) places.push(place);
    plain += text.slice(after, end);
  };
  return {
    /** Takes what lies before a part as it is, and `instead` of the part. */
    exchange(start: number, length: number, instead: string): void {
      copyTo(start);
      if (instead !== '') places.push(start);
      plain += instead;
      after = start + length;
    },
    /** Undefined when nothing was exchanged. */
    end(): { text: string; places: readonly number[] } | undefined {
      if (after === 0) return undefined;
      copyTo(text.length);
      return { text: plain, places };
    },
  };
}

const spaces = /(?:\s|\\{1,4}[nrt])+/g;

/** Where white space, escaped or not, lies between the characters of keys. Words with spaces between them make other words, which are no keys. */
function findSpaced(text: string, needles: Needles): Stretch[] {
  const reading = startReading(text);
  for (const { 0: space, index } of text.matchAll(spaces)) reading.exchange(index, space.length, '');
  const { text: plain, places } = reading.end() ?? { text: '', places: [] };
  return findPlain(plain, needles)
    .filter(([start, end]) => !words.test(plain.slice(start, end)))
    .map(([start, end]) => [places[start] ?? 0, (places[end - 1] ?? text.length) + 1]);
}

const escapes = /%([0-9a-f]{2})|\\u([0-9a-f]{4})|\\u\{([0-9a-f]{1,6})\}|\\x([0-9a-f]{2})|&#x([0-9a-f]{1,6});|&#([0-9]{1,7});/gi;

/** The text with its escapes undone, and for each of its characters where that stood; undefined when there are none. */
function undoEscapes(text: string): { text: string; places: readonly number[] } | undefined {
  if (!/[%\\&]/.test(text)) return undefined;
  const reading = startReading(text);
  for (const match of text.matchAll(escapes)) {
    const [whole, percent, unicode, long, byte, hex, decimal] = match;
    // What is no ASCII is in no key, whatever of it hides.
    const code = decimal ? Number(decimal) : Number.parseInt(percent ?? unicode ?? long ?? byte ?? hex ?? '', 16);
    const character = percent && code >= ascii ? '' : withoutHidden(code <= 0x10ffff ? String.fromCodePoint(code) : whole);
    if (character.length <= 1) reading.exchange(match.index, whole.length, character);
  }
  return reading.end();
}

function cutOut(text: string, found: readonly Stretch[]): string {
  let [result, after] = ['', 0];
  for (const [start, end] of found) {
    if (start > after || (start === after && after === 0)) result += text.slice(after, start) + redacted;
    after = Math.max(after, end);
  }
  return result + text.slice(after);
}

/** What stands in bytes cannot be shortened without breaking the file. */
function overwrite(bytes: Uint8Array, search: ReturnType<typeof createByteSearch>): Uint8Array {
  let copy: Uint8Array | undefined;
  for (let found = search(bytes); found; found = search(bytes, found.start + 1)) {
    copy ??= new Uint8Array(bytes);
    copy.fill(0x78, found.start, found.end);
  }
  return copy ?? bytes;
}
