import { ToolError } from '../errors.ts';
import { resolutions, type Size } from '../media.ts';
import { fromText, isEmpty, isObject, toSingle } from './json.ts';
import {
  aliases,
  homes,
  isUnasked,
  pictureParts,
  sides,
  silentNames,
  squash,
  toolAliases,
  toolNameNames,
  unasked,
  wishes,
  wrappers,
} from './lookup.ts';
import { give, type Meant, placeFolder, placePictures, takePart } from './places.ts';
import type { ToolShape } from './shape.ts';
import { show } from './show.ts';
import { pixelAdvice, toPair, toRatio } from './sizes.ts';
import { repairValue, toChoice } from './values.ts';

/** A key that has no place here, with what to do instead when that is known. */
interface Unmet {
  readonly key: string;
  readonly advice: string | undefined;
}

type Entry = readonly [key: string, value: unknown];

/**
 * Bent arguments to ours: other names, other spellings, values in the wrong wrapping. Pure; what is right already stays as it is, and what
 * is still wrong afterwards is left for validation (see `explainIssues`).
 *
 * Throws `ToolError('unsupported')` for wishes limner knows and cannot honour and `ToolError('invalid_argument')` for keys nobody knows,
 * two different values for one argument, and arguments that are no object: paying for a picture without what was asked is worse than
 * one more call.
 */
export function repairArguments(tool: string, shape: ToolShape, raw: unknown): Record<string, unknown> {
  const entries = unwrap(tool, raw);
  const asked = toAskedPixels(entries);
  const readings = entries.flatMap(([key, value]) => readEntry(tool, shape, key, value, asked));
  const unmet = readings.filter((reading) => 'advice' in reading);
  if (unmet.length > 0) throw toRefusal(tool, shape, unmet);
  const given = new Map<string, Meant>();
  for (const meant of readings) if ('argument' in meant) give(tool, shape, given, meant);
  const folder = takePart(given, 'folder');
  if (folder) placeFolder(tool, given, folder);
  const pictures = placePictures(
    tool,
    shape,
    pictureParts.map((part) => takePart(given, part)),
  );
  return { ...Object.fromEntries([...given].map(([argument, { value }]) => [argument, value])), ...pictures };
}

function unwrap(tool: string, raw: unknown): Entry[] {
  const entries = toEntries(tool, raw);
  const [only] = entries;
  if (!only || entries.length > 1 || !wrappers.has(squash(only[0]))) return entries;
  const inner = fromText(only[1]);
  return toEntries(tool, inner);
}

function toEntries(tool: string, raw: unknown): Entry[] {
  const plain = fromText(raw);
  const value = isEmpty(plain) ? {} : plain;
  if (isObject(value)) return Object.entries(value).filter(([key, item]) => !isSilent(tool, key, item));
  throw new ToolError('invalid_argument', `The arguments of ${tool} must be one object such as {"prompt": "…"}, but ${show(value)} came.`);
}

function isSilent(tool: string, key: string, value: unknown): boolean {
  if (key.startsWith('_') || silentNames.has(squash(key))) return true;
  // Hosts put the server's name before the tool's.
  return toolNameNames.has(squash(key)) && typeof value === 'string' && squash(value).endsWith(squash(tool));
}

function readEntry(tool: string, shape: ToolShape, key: string, value: unknown, asked: Size | undefined): (Meant | Unmet)[] {
  const argument = toArgument(tool, shape, key);
  if (argument === 'size') return readSize(key, value);
  if (argument === undefined) return readUnplaced(key, value, asked);
  const repaired = repairValue(argument, shape, value);
  if (repaired === undefined) return [];
  const pixels = argument === 'resolution' ? toPair(repaired) : undefined;
  return [pixels?.isPixels ? { key, advice: pixelAdvice(pixels) } : { key, argument, value: repaired }];
}

/** The argument or part a key stands for, when this tool has it. */
function toArgument(tool: string, shape: ToolShape, key: string): string | undefined {
  const name = squash(key);
  const own = Object.keys(shape).find((argument) => squash(argument) === name);
  if (own !== undefined) return own;
  const target = toolAliases.get(tool)?.get(name) ?? aliases.get(name);
  if (target === undefined) return undefined;
  return (homes.get(target) ?? [target]).some((home) => Object.hasOwn(shape, home)) ? target : undefined;
}

function readSize(key: string, value: unknown): (Meant | Unmet)[] {
  const plain = toSingle(fromText(value));
  if (isUnasked(plain)) return [];
  const resolution = toChoice('resolution', resolutions, plain);
  if (resolutions.some((known) => known === resolution)) return [{ key, argument: 'resolution', value: resolution }];
  const pair = toPair(plain);
  if (pair?.isPixels) return [{ key, advice: pixelAdvice(pair) }];
  const ratio = toRatio(plain);
  return [ratio === undefined ? { key, advice: wishes.get('size')?.advice } : { key, argument: 'aspect_ratio', value: ratio }];
}

function readUnplaced(key: string, value: unknown, asked: Size | undefined): Unmet[] {
  const name = squash(key);
  const word = typeof value === 'object' ? '' : String(value).trim().toLowerCase();
  if (isEmpty(value) || word === 'null' || word === 'undefined') return [];
  if (sides.has(name)) return isUnasked(value) || word === '0' ? [] : [{ key, advice: pixelAdvice(asked) }];
  const wish = wishes.get(name) ?? wishes.get(aliases.get(name) ?? '');
  return wish && (unasked.has(word) || wish.harmless.includes(word)) ? [] : [{ key, advice: wish?.advice }];
}

function toRefusal(tool: string, shape: ToolShape, unmet: readonly Unmet[]): ToolError {
  const keys = new Map<string | undefined, string[]>();
  for (const { key, advice } of unmet) keys.set(advice, [...(keys.get(advice) ?? []), show(key)]);
  const known = [...keys].flatMap(([advice, names]) =>
    advice === undefined ? [] : [`no ${isOwn(shape, names) ? 'such ' : ''}${listed(names)}: ${advice}`],
  );
  const unknown = keys.get(undefined);
  if (!unknown) return new ToolError('unsupported', `${tool} has ${known.join('; ')}.`);
  const near = unmet
    .map(({ key, advice }) => (advice === undefined ? toNearest(shape, key) : undefined))
    .find((name) => name !== undefined);
  const question = near === undefined ? '' : ` (did you mean "${near}"?)`;
  const parts = [`no argument ${listed(unknown)}${question}`, ...known].join('; ');
  return new ToolError('invalid_argument', `${tool} has ${parts}. It has: ${Object.keys(shape).join(', ')}.`);
}

/** True when these are arguments of the tool, so that not they but their values have no place. */
function isOwn(shape: ToolShape, shown: readonly string[]): boolean {
  return shown.every((name) => Object.hasOwn(shape, name.replaceAll('"', '')));
}

function listed(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(', ')}, …` : names.join(', ');
}

function toNearest(shape: ToolShape, key: string): string | undefined {
  const name = squash(key);
  const near = Object.keys(shape).map((argument) => ({ argument, distance: toDistance(name, squash(argument)) }));
  const [nearest] = near.sort((a, b) => a.distance - b.distance);
  return nearest && nearest.distance <= Math.min(2, name.length / 3) ? nearest.argument : undefined;
}

/** Letters to add, drop or change. */
function toDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [line, letter] of [...a].entries()) {
    const next = [line + 1];
    for (const [column, other] of [...b].entries()) {
      const change = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The size that `width` and `height` ask for when both are there. */
function toAskedPixels(entries: readonly Entry[]): Size | undefined {
  const side = (name: string) => entries.find(([key]) => sides.get(squash(key)) === name)?.[1];
  return toPair({ width: side('width'), height: side('height') });
}
