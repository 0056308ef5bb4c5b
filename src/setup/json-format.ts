import { createScanner, findNodeAtLocation, type Node, type ParseError, parse, parseTree, printParseErrorCode } from 'jsonc-parser';
import {
  applyEdits,
  type Edit,
  gapBefore,
  indentationAt,
  isObject,
  type KeyPath,
  lineBreakOf,
  pastByteOrderMark,
  type TextFormat,
  Unreadable,
  withoutByteOrderMark,
} from './text-format.ts';

/**
 * JSON, with comments and trailing commas where the host takes them. jsonc-parser finds the places; its own `modify` moves the comment of one property to the next, so
 * what is written there is ours.
 */
export function createJsonFormat(isStrict: boolean): TextFormat {
  return {
    parse: (text) => parseObject(withoutByteOrderMark(text), isStrict),
    set: (text, path, value) => change(text, isStrict, (plain, root) => setAt(plain, root, path, value)),
    remove: (text, path) => change(text, isStrict, (plain, root) => removeAt(plain, root, path)),
    print: (path, value) => JSON.stringify(nest(path, value), undefined, 2),
    printProperty: (path, value) => toProperty(path.at(-1) ?? '', value, '', '').split('\n'),
  };
}

function parseObject(text: string, isStrict: boolean): Record<string, unknown> {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: !isStrict, disallowComments: isStrict, allowEmptyContent: true });
  const [error] = errors;
  if (error) throw new Unreadable(describe(error, isStrict), text, error.offset);
  if (value === undefined) return {};
  if (!isObject(value)) throw new Unreadable('it holds no JSON object', text, 0);
  return value;
}

function describe({ error }: ParseError, isStrict: boolean): string {
  const words = printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return isStrict ? `it is not plain JSON, which this host takes alone: ${words}` : `it is not valid JSON: ${words}`;
}

function change(text: string, isStrict: boolean, toEdits: (plain: string, root: Node | undefined) => readonly Edit[]): string {
  parseObject(withoutByteOrderMark(text), isStrict);
  return pastByteOrderMark(text, (plain) => applyEdits(plain, toEdits(plain, parseTree(plain, [], { allowTrailingComma: true }))));
}

function setAt(text: string, root: Node | undefined, path: KeyPath, value: unknown): readonly Edit[] {
  if (root === undefined) return [{ start: text.length, end: text.length, text: toNewText(text, nest(path, value)) }];
  const found = findNodeAtLocation(root, [...path]);
  if (found)
    return [{ start: found.offset, end: found.offset + found.length, text: toText(value, text, indentationAt(text, found.offset)) }];
  // The deepest container that is there takes the rest of the path.
  const depth = path.findLastIndex((_, index) => findNodeAtLocation(root, path.slice(0, index)) !== undefined);
  const container = findNodeAtLocation(root, path.slice(0, depth));
  if (container?.type !== 'object') throw new Unreadable(`${path.slice(0, depth).join('.')} is no object`, text, container?.offset);
  return insert(text, container, path[depth] ?? '', nest(path.slice(depth + 1), value));
}

function nest(path: KeyPath, value: unknown): unknown {
  return path.reduceRight((inner: unknown, key) => ({ [key]: inner }), value);
}

/** A file that is empty, or holds comments alone. */
function toNewText(text: string, value: unknown): string {
  const end = lineBreakOf(text);
  return `${text === '' || text.endsWith('\n') ? '' : end}${toText(value, text, '')}${end}`;
}

/** The value as JSON over several lines, as hosts write it, or on one where all of the file is on one. */
function toText(value: unknown, text: string, indentation: string): string {
  if (isOnOneLine(text)) return JSON.stringify(value);
  return JSON.stringify(value, undefined, indentationUnit(text)).replaceAll('\n', lineBreakOf(text) + indentation);
}

function isOnOneLine(text: string): boolean {
  return /^\s*\{.*\S.*\}\s*$/.test(text);
}

function indentationUnit(text: string): string {
  return /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
}

/** Puts a property behind the last one, which keeps the comment on its line, as does a comma behind the last where it had one. */
function insert(text: string, container: Node, key: string, value: unknown): Edit[] {
  const [first, last] = [container.children?.at(0), container.children?.at(-1)];
  if (first === undefined || last === undefined) return insertOnly(text, container, key, value);
  const end = last.offset + last.length;
  const comma = findComma(text, end);
  const close = container.offset + container.length - 1;
  const isInline = !`${text.slice(container.offset, first.offset)}${text.slice(end, close)}`.includes('\n');
  const indentation = indentationAt(text, first.offset);
  const property = isInline ? `${JSON.stringify(key)}:${JSON.stringify(value)}` : toProperty(key, value, text, indentation);
  const place = endOfLine(text, comma ?? end, close);
  const gap = isInline ? ' '.repeat(/^"[^"]*":\s/.test(text.slice(first.offset)) ? 1 : 0) : lineBreakOf(text) + indentation;
  const added = { start: place, end: place, text: `${gap}${property}${comma === undefined ? '' : ','}` };
  if (comma !== undefined) return [added];
  return place === end ? [{ ...added, text: `,${added.text}` }] : [{ start: end, end, text: ',' }, added];
}

function toProperty(key: string, value: unknown, text: string, indentation: string): string {
  return `${JSON.stringify(key)}: ${toText(value, text, indentation)}`;
}

/** Comments in the braces stay before it. */
function insertOnly(text: string, container: Node, key: string, value: unknown): Edit[] {
  const [start, end] = [container.offset + 1, container.offset + container.length - 1];
  const kept = text.slice(start, end).trimEnd();
  if (isOnOneLine(text)) return [{ start: start + kept.length, end, text: `${JSON.stringify(key)}:${JSON.stringify(value)}` }];
  const outer = indentationAt(text, container.offset);
  const inner = outer + indentationUnit(text);
  const lineBreak = lineBreakOf(text);
  return [{ start: start + kept.length, end, text: lineBreak + inner + toProperty(key, value, text, inner) + lineBreak + outer }];
}

function removeAt(text: string, root: Node | undefined, path: KeyPath): readonly Edit[] {
  const property = root && findNodeAtLocation(root, [...path])?.parent;
  const siblings = property?.parent?.children ?? [];
  if (property?.parent === undefined) return [];
  const end = property.offset + property.length;
  const comma = findComma(text, end);
  const close = property.parent.offset + property.parent.length - 1;
  const start = gapBefore(text, property.offset);
  const isOwnLine = text.slice(start, property.offset).includes('\n');
  // What is said of it on its line goes with it.
  const cut = { start, end: isOwnLine ? endOfLine(text, comma ?? end, close) : (comma ?? end), text: '' };
  if (siblings.length === 1) return [removeOnly(text, cut, property.parent)];
  const previous = siblings[siblings.indexOf(property) - 1];
  if (comma !== undefined || previous === undefined) return [cut];
  const last = previous.offset + previous.length;
  return [{ start: (findComma(text, last) ?? last + 1) - 1, end: findComma(text, last) ?? last, text: '' }, cut];
}

/** Nothing is left between the braces but comments. */
function removeOnly(text: string, cut: Edit, container: Node): Edit {
  const [open, close] = [container.offset + 1, container.offset + container.length - 1];
  return /^\s*$/.test(text.slice(open, cut.start) + text.slice(cut.end, close)) ? { start: open, end: close, text: '' } : cut;
}

/** Where the comma that follows a value ends; undefined when none does. */
function findComma(text: string, offset: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  scanner.scan();
  return text[scanner.getTokenOffset()] === ',' ? scanner.getPosition() : undefined;
}

/** Where a line ends for what is added behind it: after its comments, before a closing brace on it. */
function endOfLine(text: string, offset: number, limit: number): number {
  const scanner = createScanner(text, false);
  scanner.setPosition(offset);
  let end = offset;
  for (;;) {
    scanner.scan();
    const token = text.slice(scanner.getTokenOffset(), scanner.getPosition());
    if (scanner.getTokenOffset() >= limit || !/^([ \t]+$|\/[/*])/.test(token)) return end;
    if (token.startsWith('/')) end = scanner.getPosition();
  }
}
