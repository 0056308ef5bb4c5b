import { ToolError } from '../errors.ts';
import { fromText, isEmpty, isObject } from './json.ts';
import { requireModest } from './limits.ts';
import { pictureParts, silentNames, squash, toolNameNames, wrappers } from './lookup.ts';
import { give, type Meant, placeFolder, placePictures, placeSizes, takePart } from './places.ts';
import { readEntry } from './readings.ts';
import type { ToolShape } from './shape.ts';
import { show } from './show.ts';
import { toRefusal } from './unmet.ts';

type Entry = readonly [key: string, value: unknown];

/**
 * Bent arguments to ours: other names, other spellings, values in the wrong wrapping. Pure; what is right already stays as it is, and what
 * is still wrong afterwards is left for validation (see `explainIssues`).
 *
 * Throws `ToolError('unsupported')` for wishes limner knows and cannot honour and `ToolError('invalid_argument')` for keys nobody knows,
 * two different values for one argument, more than anybody means, and arguments that are no object: paying for a picture without what was asked is worse than
 * one more call.
 */
export function repairArguments(tool: string, shape: ToolShape, raw: unknown): Record<string, unknown> {
  const entries = unwrap(tool, raw);
  for (const [, value] of entries) requireModest(tool, fromText(value));
  const readings = entries.flatMap(([key, value]) => readEntry(tool, shape, key, value));
  const unmet = readings.filter((reading) => 'advice' in reading);
  if (unmet.length > 0) throw toRefusal(tool, shape, unmet);
  const given = new Map<string, Meant>();
  for (const meant of readings) if ('argument' in meant) give(tool, shape, given, meant);
  const folder = takePart(given, 'folder');
  if (folder) placeFolder(tool, given, folder);
  const sizes = takePart(given, 'sizes');
  if (sizes) placeSizes(tool, given, sizes, shape);
  const pictures = placePictures(
    tool,
    shape,
    pictureParts.map((part) => takePart(given, part)),
  );
  return { ...Object.fromEntries([...given].map(([argument, { value }]) => [argument, value])), ...pictures };
}

function unwrap(tool: string, raw: unknown): Entry[] {
  requireModest(tool, raw);
  const entries = toEntries(tool, raw);
  const [only] = entries;
  if (!only || entries.length > 1 || !wrappers.has(squash(only[0]))) return entries;
  const inner = fromText(only[1]);
  requireModest(tool, inner);
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
