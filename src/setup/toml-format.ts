import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';
import {
  applyEdits,
  type Edit,
  indentationAt,
  isObject,
  type KeyPath,
  lineBreakOf,
  pastByteOrderMark,
  type TextFormat,
  Unreadable,
  valueAt,
  withoutByteOrderMark,
} from './text-format.ts';

/**
 * TOML. The parser finds the places; libraries that write it make new entries inline tables with a comma at the end, which TOML 1.0 does not know, or lose comments.
 */
export const tomlFormat: TextFormat = {
  parse: (text) => parse(withoutByteOrderMark(text)).value,
  set: (text, path, value) => pastByteOrderMark(text, (plain) => applyEdits(plain, setAt(plain, path, value))),
  remove: (text, path) => pastByteOrderMark(text, (plain) => applyEdits(plain, removeAt(plain, path))),
  print: (path, value) => toTable(path, value, '\n').trimEnd(),
  printProperty: (path, value) =>
    isTable(path, value) ? toTable(path, value, '\n').trimEnd().split('\n') : [toPair(path.at(-1) ?? '', value)],
};

interface Parsed {
  value: Record<string, unknown>;
  tables: readonly AST.TOMLTable[];
  pairs: readonly Pair[];
}

/** A key and its value, wherever they stand: under a header, dotted, in an inline table. */
interface Pair {
  path: KeyPath;
  node: AST.TOMLKeyValue;
}

function parse(text: string): Parsed {
  try {
    const program = parseTOML(text, { tomlVersion: '1.0' });
    const [{ body }] = program.body;
    const value: unknown = getStaticTOMLValue(program);
    if (!isObject(value)) throw new Unreadable('it holds no TOML table');
    return { value, tables: body.filter((node) => node.type === 'TOMLTable'), pairs: body.flatMap((node) => findPairs(node, [])) };
  } catch (error) {
    if (error instanceof ParseError)
      throw new Unreadable(`it is not valid TOML: ${error.message.toLowerCase()}`, text, text.slice(0, error.index).trimEnd().length);
    throw error;
  }
}

function findPairs(node: AST.TOMLTable | AST.TOMLKeyValue, prefix: KeyPath): Pair[] {
  if (node.type === 'TOMLTable') return node.body.flatMap((inner) => findPairs(inner, node.resolvedKey.map(String)));
  const path = [...prefix, ...node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))];
  const inside = node.value.type === 'TOMLInlineTable' ? node.value.body.flatMap((inner) => findPairs(inner, path)) : [];
  return [{ path, node }, ...inside];
}

const startsWith = (path: KeyPath, start: KeyPath) => start.every((key, index) => path[index] === key);
const isAt = (path: KeyPath, other: KeyPath) => path.length === other.length && startsWith(path, other);
const pathOf = (table: AST.TOMLTable): KeyPath => table.resolvedKey.map(String);

function setAt(text: string, path: KeyPath, value: unknown): readonly Edit[] {
  const { tables, pairs, value: whole } = parse(text);
  const pair = pairs.find((candidate) => isAt(candidate.path, path));
  if (pair) return [{ start: pair.node.value.range[0], end: pair.node.value.range[1], text: toInline(value) }];
  const [parent, key] = [path.slice(0, -1), path.at(-1) ?? ''];
  const line = toPair(key, value);
  const table = tables.find((candidate) => isAt(pathOf(candidate), parent));
  if (table && !isTable(path, value)) return [addLine(text, table, line)];
  const inline = pairs.find((candidate) => isAt(candidate.path, parent))?.node.value;
  if (inline?.type === 'TOMLInlineTable') return [addInline(inline, line)];
  if (!isTable(path, value)) throw new Unreadable(`"${path.join('.')}" in it has no table to stand in`);
  if (valueAt(whole, path) !== undefined) throw new Unreadable(`"${path.join('.')}" is spread over it`);
  return [addTable(text, path, value)];
}

/** A server gets a table of its own; what belongs to one is a line in it. */
function isTable(path: KeyPath, value: unknown): value is Record<string, unknown> {
  return path.length === 2 && isObject(value);
}

function addLine(text: string, table: AST.TOMLTable, line: string): Edit {
  const last = table.body.at(-1);
  const place = endOfLine(text, (last ?? table.key).range[1]);
  return { start: place, end: place, text: lineBreakOf(text) + indentationAt(text, (last ?? table).range[0]) + line };
}

function addInline(table: AST.TOMLInlineTable, line: string): Edit {
  const last = table.body.at(-1)?.range[1];
  const place = last ?? table.range[0] + 1;
  return { start: place, end: place, text: last === undefined ? ` ${line} ` : `, ${line}` };
}

/** At the end, where nothing follows that would become part of it. */
function addTable(text: string, path: KeyPath, value: Record<string, unknown>): Edit {
  const lineBreak = lineBreakOf(text);
  const gap = text.trim() === '' ? '' : text.endsWith('\n') ? lineBreak : lineBreak + lineBreak;
  return { start: text.length, end: text.length, text: gap + toTable(path, value, lineBreak) };
}

function removeAt(text: string, path: KeyPath): readonly Edit[] {
  const { tables, pairs } = parse(text);
  const within = tables.filter((table) => startsWith(pathOf(table), path));
  const inTables = (node: AST.TOMLKeyValue) => within.some((table) => table.range[0] <= node.range[0] && node.range[1] <= table.range[1]);
  const alone = pairs.filter(
    (pair) => startsWith(pair.path, path) && !inTables(pair.node) && !pairs.some((outer) => isAround(outer, pair, path)),
  );
  return [...within.map((table) => cutTable(text, table)), ...alone.map(({ node }) => cutPair(text, node))];
}

/** True for a pair that goes itself and takes the inner one along. */
function isAround(outer: Pair, inner: Pair, path: KeyPath): boolean {
  return (
    outer !== inner &&
    startsWith(outer.path, path) &&
    outer.node.range[0] < inner.node.range[0] &&
    inner.node.range[1] <= outer.node.range[1]
  );
}

/** From its header to its last line, with the empty line before it; comments after that may be about what follows. */
function cutTable(text: string, table: AST.TOMLTable): Edit {
  const end = nextLine(text, table.range[1]);
  const start = lineStart(text, table.range[0]);
  const gap = /(?:^|\n)(\r?\n)$/.exec(text.slice(0, start))?.[1]?.length ?? 0;
  return { start: start - gap, end, text: '' };
}

function cutPair(text: string, node: AST.TOMLKeyValue): Edit {
  if (node.parent.type !== 'TOMLInlineTable')
    return { start: lineStart(text, node.range[0]), end: nextLine(text, node.range[1]), text: '' };
  const { body, range } = node.parent;
  const index = body.indexOf(node);
  if (body.length === 1) return { start: range[0] + 1, end: range[1] - 1, text: '' };
  const [previous, next] = [body[index - 1], body[index + 1]];
  return previous
    ? { start: previous.range[1], end: node.range[1], text: '' }
    : { start: node.range[0], end: next?.range[0] ?? node.range[1], text: '' };
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Where the line ends, its comment included, without its line break. */
function endOfLine(text: string, offset: number): number {
  return offset + (/^[^\r\n]*/.exec(text.slice(offset))?.[0].length ?? 0);
}

function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end + 1;
}

function toTable(path: KeyPath, value: unknown, lineBreak: string): string {
  const pairs = isObject(value) ? Object.entries(value) : [];
  return [`[${path.map(toKey).join('.')}]`, ...pairs.map(([key, inner]) => toPair(key, inner))].map((line) => line + lineBreak).join('');
}

function toPair(key: string, value: unknown): string {
  return `${toKey(key)} = ${toInline(value)}`;
}

function toKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : toBasicString(key);
}

/** A basic string has JSON's escapes, and wants one more character escaped. */
function toBasicString(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f');
}

function toInline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toInline).join(', ')}]`;
  if (isObject(value))
    return `{ ${Object.entries(value)
      .map(([key, inner]) => toPair(key, inner))
      .join(', ')} }`;
  return typeof value === 'string' ? toBasicString(value) : String(value);
}
