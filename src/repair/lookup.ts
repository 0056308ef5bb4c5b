import { isEmpty } from './json.ts';
import * as table from './table.ts';

export const unasked = new Set(table.neutralWords);
export const wrappers = toSet(table.wrappers);
export const silentNames = toSet(table.silentNames);
export const toolNameNames = toSet(table.toolNameNames);
export const pictureKeys = table.pictureKeys.map(squash);
export const pictureNotes = toSet(table.pictureNotes);
export const pictureParts: readonly string[] = ['image', 'images', 'references'];
export const aliases = toIndex(table.aliases);
export const toolAliases = new Map(Object.entries(table.toolAliases).map(([tool, names]) => [tool, toIndex(names)]));
export const homes = new Map<string, readonly string[]>(Object.entries(table.homes));
export const sides = toIndex(table.sides);
export const booleanWords = toIndex(table.booleanWords);
export const hints = new Map<string, string>(Object.entries(table.hints));
export const synonyms = new Map(
  Object.entries(table.synonyms).map(([name, words]) => [
    name,
    new Map(Object.entries(words).map(([word, value]) => [squash(word), value])),
  ]),
);
export const wishes = new Map(table.wishes.flatMap((wish) => wish.names.map((name) => [squash(name), wish])));

/** Empty, or a word or a zero that asks for nothing. */
export function isUnasked(value: unknown): boolean {
  return isEmpty(value) || value === 0 || (typeof value === 'string' && unasked.has(value.trim().toLowerCase()));
}

/** A name without case and separators. */
export function squash(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function toSet(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map(squash));
}

/** From `{ target: [names] }` to the target of each name, itself included. */
function toIndex(groups: Record<string, readonly string[]>): ReadonlyMap<string, string> {
  return new Map(Object.entries(groups).flatMap(([target, names]) => [target, ...names].map((name) => [squash(name), target] as const)));
}
