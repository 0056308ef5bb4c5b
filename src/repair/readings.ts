import { readFileSize } from './file-sizes.ts';
import { fromText, isEmpty, toSingle } from './json.ts';
import {
  aliases,
  booleanWords,
  fileSizes,
  findCandidates,
  findWish,
  flags,
  homes,
  isRefused,
  isUnasked,
  squash,
  toolAliases,
  unasked,
} from './lookup.ts';
import type { Meant } from './places.ts';
import { readRegion } from './regions.ts';
import type { ToolShape } from './shape.ts';
import { readResolution, readSize, readSizes } from './sizes.ts';
import type { Reading, Unmet } from './unmet.ts';
import { repairValue, toKnown } from './values.ts';

/** What a key and its value mean to this tool; nothing when nothing was asked. */
export function readEntry(tool: string, shape: ToolShape, key: string, value: unknown): Reading[] {
  const name = squash(key);
  if (fileSizes.has(name) && Object.hasOwn(shape, 'max_kb')) return readFileSize(key, value);
  if (name === 'sizes' && Object.hasOwn(shape, 'widths')) return readSizes(tool, shape, key, value);
  const own = Object.keys(shape).find((argument) => squash(argument) === name);
  const flag = own === undefined ? flags.get(name) : undefined;
  if (flag && Object.hasOwn(shape, flag.argument)) return readFlag(key, value, flag);
  const argument = own ?? toArgument(tool, shape, key, value);
  if (argument === 'size') return readSize(tool, shape, key, value);
  if (argument === undefined || (own === undefined && isRefused(tool, argument))) return readUnplaced(tool, key, value);
  if (argument === 'region') return readRegion(key, value);
  const repaired = repairValue(argument, shape, value);
  if (repaired === undefined) return [];
  return argument === 'resolution' ? readResolution(key, repaired) : [{ key, argument, value: repaired }];
}

/** The argument or part a key stands for, when this tool has it. */
function toArgument(tool: string, shape: ToolShape, key: string, value: unknown): string | undefined {
  const candidates = findCandidates(tool, key);
  const decided = candidates.find((argument) => toKnown(argument, shape[argument]?.values ?? [], toSingle(fromText(value))) !== undefined);
  if (candidates.length > 0) return decided ?? candidates[0];
  const target = toolAliases.get(tool)?.get(squash(key)) ?? aliases.get(squash(key));
  if (target === undefined) return undefined;
  return (homes.get(target) ?? [target]).some((home) => Object.hasOwn(shape, home)) ? target : undefined;
}

/** `transparent: true`; anything but yes and no is left for validation. */
function readFlag(key: string, value: unknown, { argument, value: on }: { argument: string; value: string }): Meant[] {
  const plain = toSingle(fromText(value));
  if (isUnasked(plain)) return [];
  const word = typeof plain === 'object' || typeof plain === 'number' ? undefined : booleanWords.get(String(plain).toLowerCase());
  if (word === 'false') return [];
  return [{ key, argument, value: word === 'true' ? on : plain }];
}

function readUnplaced(tool: string, key: string, value: unknown): Unmet[] {
  const word = typeof value === 'object' ? '' : String(value).trim().toLowerCase();
  if (isEmpty(value) || word === 'null' || word === 'undefined') return [];
  const wish = findWish(tool, key);
  return wish && (unasked.has(word) || wish.harmless.includes(word)) ? [] : [{ key, advice: wish?.advice }];
}
