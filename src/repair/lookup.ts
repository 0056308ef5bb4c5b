import * as advice from './hints.ts';
import { isEmpty } from './json.ts';
import * as names from './names.ts';
import * as spellings from './spellings.ts';
import { type Wish, toolWishes as wishesByTool, wishes as wishesOfAll } from './wishes.ts';

export const unasked = new Set(spellings.neutralWords);
export const wrappers = toSet(names.wrappers);
export const silentNames = toSet(names.silentNames);
export const toolNameNames = toSet(names.toolNameNames);
export const pictureKeys = spellings.pictureKeys.map(squash);
export const pictureNotes = toSet(spellings.pictureNotes);
export const pictureParts: readonly string[] = ['image', 'images', 'references'];
export const aliases = toIndex(names.aliases);
export const toolAliases = new Map(Object.entries(names.toolAliases).map(([tool, names]) => [tool, toIndex(names)]));
export const homes = new Map<string, readonly string[]>(Object.entries(names.homes));
export const sides = toIndex({ width: names.aliases.width, height: names.aliases.height });
export const edges = toIndex(spellings.edges);
export const unitBytes = new Map<string, number>(Object.entries(spellings.unitBytes));
/** From a name for the largest file to the unit it says. */
export const fileSizes = new Map(
  Object.entries(names.fileSizes).flatMap(([unit, keys]) => keys.map((key) => [squash(key), unit] as const)),
);
export const booleanWords = toIndex(spellings.booleanWords);
const hints = new Map<string, string>(Object.entries(advice.hints));
export const synonyms = new Map(
  Object.entries(spellings.synonyms).map(([name, words]) => [
    name,
    new Map(Object.entries(words).map(([word, value]) => [squash(word), value])),
  ]),
);
const toolHints = new Map(Object.entries(advice.toolHints).map(([tool, hints]) => [tool, new Map<string, string>(Object.entries(hints))]));
const wishes = toWishes(wishesOfAll);
const toolWishes = new Map(Object.entries(wishesByTool).map(([tool, list]) => [tool, toWishes(list)]));
const deciders = new Map(
  Object.entries(names.valueDecides).map(([tool, keys]) => [
    tool,
    new Map<string, readonly string[]>(Object.entries(keys).map(([key, candidates]) => [squash(key), candidates])),
  ]),
);
/** From the name of a switch to the argument and the value it turns on. */
export const flags = new Map(
  Object.entries(names.flags).flatMap(([argument, values]) =>
    Object.entries(values).flatMap(([value, keys]) => keys.map((key) => [squash(key), { argument, value }] as const)),
  ),
);

/** What cannot be honoured of what a key stands for. */
export function findWish(tool: string, key: string): Wish | undefined {
  const own = toolWishes.get(tool);
  const [name, target] = [squash(key), squash(aliases.get(squash(key)) ?? '')];
  return own?.get(name) ?? own?.get(target) ?? wishes.get(name) ?? wishes.get(target);
}

/** True when this tool has an answer of its own to an argument other tools have. */
export function isRefused(tool: string, argument: string): boolean {
  return toolWishes.get(tool)?.has(squash(argument)) === true;
}

/** What to do about a wrong value. */
export function findHint(tool: string, argument: string): string | undefined {
  return toolHints.get(tool)?.get(argument) ?? hints.get(argument);
}

/** The arguments a key may stand for, of which its value decides. */
export function findCandidates(tool: string, key: string): readonly string[] {
  return deciders.get(tool)?.get(squash(key)) ?? [];
}

/** Empty, or a word or a zero that asks for nothing. */
export function isUnasked(value: unknown): boolean {
  return isEmpty(value) || value === 0 || (typeof value === 'string' && unasked.has(value.trim().toLowerCase()));
}

/** A name without case and separators. */
export function squash(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function toWishes(list: readonly Wish[]): ReadonlyMap<string, Wish> {
  return new Map(list.flatMap((wish) => wish.names.map((name) => [squash(name), wish] as const)));
}

function toSet(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map(squash));
}

/** From `{ target: [names] }` to the target of each name, itself included. */
function toIndex(groups: Record<string, readonly string[]>): ReadonlyMap<string, string> {
  return new Map(Object.entries(groups).flatMap(([target, names]) => [target, ...names].map((name) => [squash(name), target] as const)));
}
