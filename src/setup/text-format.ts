/** The keys that lead to a value. */
export type KeyPath = readonly string[];

/** How values stand in a kind of text, and how one is put in or taken out while every other byte stays. */
export interface TextFormat {
  /** What the text means; an empty text is an empty object. Throws `Unreadable`. */
  parse(text: string): Record<string, unknown>;
  /** The text with a value at a path; containers that are missing are made. Throws `Unreadable`. */
  set(text: string, path: KeyPath, value: unknown): string;
  /** The text without what is at a path. Throws `Unreadable`. */
  remove(text: string, path: KeyPath): string;
  /** A value and the keys that lead to it as a text of its own, to be pasted. Ends without a line break. */
  print(path: KeyPath, value: unknown): string;
  /** The lines a value and the last key of its path take, without what is around them. */
  printProperty(path: KeyPath, value: unknown): string[];
}

/** A text that is not what its name says, or says it in a way that cannot be changed safely; then nothing is changed. */
export class Unreadable extends Error {
  /** `offset` in the text; absent where no place is to blame. */
  constructor(why: string, text = '', offset?: number) {
    super(offset === undefined ? why : `${why} (${toPlace(text, offset)})`);
    this.name = 'Unreadable';
  }
}

function toPlace(text: string, offset: number): string {
  const before = text.slice(0, offset).split(/\r\n|\n/);
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

/** Some characters of a text and what stands there instead. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** All edits at once; none overlaps another. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((result, { start, end, text: instead }) => result.slice(0, start) + instead + result.slice(end), text);
}

/** The line break a text uses, by its first one. */
export function lineBreakOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

/** The white space a line begins with, where the character at `offset` is on it. */
export function indentationAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}

/** Where the white space before `offset` begins, one line break included. */
export function gapBefore(text: string, offset: number): number {
  return offset - (/(\r?\n)?[ \t]*$/.exec(text.slice(0, offset))?.[0].length ?? 0);
}

const byteOrderMark = '\uFEFF';

/** Does `work` on a text without its byte order mark, which stays. */
export function pastByteOrderMark(text: string, work: (plain: string) => string): string {
  return text.startsWith(byteOrderMark) ? byteOrderMark + work(text.slice(1)) : work(text);
}

/** A text without its byte order mark. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
}

/** Whether a value has keys. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** What is at a path; undefined when nothing is. */
export function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined), value);
}
