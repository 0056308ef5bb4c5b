import { isDeepStrictEqual } from 'node:util';
import type { Host, Layout } from '../hosts.ts';
import { entryName, hasOwnKey, isOurs, type KeyChange, type Start, toChanges, toNewEntry } from './entry.ts';
import { createJsonFormat } from './json-format.ts';
import { isObject, type KeyPath, type TextFormat, Unreadable, valueAt } from './text-format.ts';
import { tomlFormat } from './toml-format.ts';

/** What is to become of the text of a configuration. */
export interface Change {
  /** `same`: nothing is to be done. */
  kind: 'add' | 'update' | 'replace' | 'remove' | 'same';
  /** The text afterwards; undefined: the file goes, since it was not there before limner. */
  text: string | undefined;
  /** What changes, for a person to look at. */
  shown: readonly ShownChange[];
  /** Another program has the entry's name, so the person has to say yes. */
  isForeign: boolean;
  /** The entry hands over a key of its own. */
  hasOwnKey: boolean;
}

/** One key, what it held and what it will hold; absent: nothing. */
export interface ShownChange {
  path: KeyPath;
  before?: unknown;
  after?: unknown;
}

export interface Wish {
  host: Host;
  start: Start;
  standin: boolean;
}

/** The format of a host's configuration. */
export function formatOf({ format }: Host): TextFormat {
  return format === 'toml' ? tomlFormat : createJsonFormat(format === 'json');
}

/** The layout a configuration follows. */
function layoutOf({ layouts }: Host, value: unknown): Layout {
  const isThere = ({ container }: Layout) => isServerList(valueAt(value, container));
  return layouts.findLast(isThere) ?? layouts[0];
}

/** A list of servers, not one server that happens to have the list's name. */
function isServerList(value: unknown): boolean {
  return isObject(value) && value.command === undefined && value.url === undefined;
}

const pathIn = ({ container }: Layout): KeyPath => [...container, entryName];

/** The entry of limner's name in a configuration; undefined when there is none. Throws `Unreadable`. */
export function findEntry(host: Host, text: string): unknown {
  const value = formatOf(host).parse(text);
  return valueAt(value, pathIn(layoutOf(host, value)));
}

/** Puts limner into a configuration, or brings its entry up to date. Throws `Unreadable`. */
export function planEntry({ host, start, standin }: Wish, text: string): Change {
  const format = formatOf(host);
  const value = format.parse(text);
  const layout = layoutOf(host, value);
  requireList(layout, value);
  const path = pathIn(layout);
  const entry = valueAt(value, path);
  const isForeign = entry !== undefined && !isOurs(entry, start);
  const changes: KeyChange[] =
    isObject(entry) && !isForeign ? toChanges(entry, start, layout, standin) : [{ path: [], value: toNewEntry(start, layout, standin) }];
  const kind = entry === undefined ? 'add' : isForeign ? 'replace' : changes.length === 0 ? 'same' : 'update';
  const clean = isForeign ? format.remove(text, path) : text;
  const after = changes.reduce((current, change) => make(format, current, path, change), clean);
  requireDone(format, text, after, path, changes);
  return {
    kind,
    text: after,
    shown: changes.map((change) => ({
      path: [...path, ...change.path],
      before: valueAt(entry, change.path),
      after: change.value,
    })),
    isForeign,
    hasOwnKey: !isForeign && hasOwnKey(entry, layout),
  };
}

function make(format: TextFormat, text: string, path: KeyPath, { path: inner, value }: KeyChange): string {
  return value === undefined ? format.remove(text, [...path, ...inner]) : format.set(text, [...path, ...inner], value);
}

function requireList({ container }: Layout, value: unknown): void {
  const wrong = container.findIndex((_, index) => {
    const found = valueAt(value, container.slice(0, index + 1));
    return found !== undefined && !isObject(found);
  });
  if (wrong !== -1) throw new Unreadable(`"${container.slice(0, wrong + 1).join('.')}" in it is no list of servers`);
}

/** Takes limner out of a configuration. `before` is the text as it was before limner came, where that is known. Throws `Unreadable`. */
export function planRemoval({ host, start }: Omit<Wish, 'standin'>, text: string, before: string | undefined): Change {
  const format = formatOf(host);
  const value = format.parse(text);
  const layout = layoutOf(host, value);
  const path = pathIn(layout);
  const entry = valueAt(value, path);
  if (entry === undefined) return { kind: 'same', text, shown: [], isForeign: false, hasOwnKey: false };
  const after = restore(host, text, before, layout, entry);
  if (after !== undefined) requireDone(format, text, after, path, [{ path: [], value: undefined }]);
  return {
    kind: 'remove',
    text: after,
    shown: [{ path, before: entry }],
    isForeign: !isOurs(entry, start),
    hasOwnKey: hasOwnKey(entry, layout),
  };
}

/** The very text from before where nothing but limner has come since, no file where there was none, else what is there without the entry. */
function restore(host: Host, text: string, before: string | undefined, layout: Layout, entry: unknown): string | undefined {
  const [format, path] = [formatOf(host), pathIn(layout)];
  const earlier = before === undefined ? undefined : tryParse(format, before);
  if (before !== undefined && earlier && valueAt(earlier, path) === undefined && format.set(before, path, entry) === text) return before;
  if (format.set('', path, entry) === text) return undefined;
  const without = format.remove(text, path);
  // A list that came with limner goes with it.
  const isLeft = (container: KeyPath, list = valueAt(format.parse(without), container)) => isObject(list) && Object.keys(list).length === 0;
  const added = layout.container
    .map((_, index) => layout.container.slice(0, index + 1))
    .find((container) => earlier && valueAt(earlier, container) === undefined && isLeft(container));
  return added ? format.remove(without, added) : without;
}

function tryParse(format: TextFormat, text: string): Record<string, unknown> | undefined {
  try {
    return format.parse(text);
  } catch {
    return undefined;
  }
}

/** The entry has to mean what was wanted, and everything else what it meant; a key that stands twice, say, is in the way of that. */
function requireDone(format: TextFormat, before: string, after: string, path: KeyPath, changes: readonly KeyChange[]): void {
  const [old, now] = [format.parse(before), format.parse(after)];
  const isMade = changes.every((change) => isDeepStrictEqual(valueAt(now, [...path, ...change.path]), change.value));
  if (!isMade || !isDeepStrictEqual(omit(old, path), omit(now, path)))
    throw new Unreadable(`"${path.join('.')}" stands in it in a way that limner cannot change without touching more`);
}

/** A copy without what is at a path, and without containers that are then empty. */
function omit(value: unknown, [key = '', ...rest]: KeyPath): unknown {
  if (!isObject(value)) return value;
  const inner = rest.length === 0 ? undefined : omit(value[key], rest);
  const { [key]: _, ...others } = value;
  const isEmpty = inner === undefined || (isObject(inner) && Object.keys(inner).length === 0);
  return isEmpty ? others : { ...others, [key]: inner };
}

/** A host's entry as a configuration of its own, to be pasted or merged by hand. */
export function printEntry({ host, start, standin }: Wish): string {
  const [layout] = host.layouts;
  return formatOf(host).print(pathIn(layout), toNewEntry(start, layout, standin));
}
