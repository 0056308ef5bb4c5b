import { resolutions, type Size } from '../media.ts';
import { isFileSize, readFileSize } from './file-sizes.ts';
import { fromText, isObject, toSingle } from './json.ts';
import { findWish, isUnasked } from './lookup.ts';
import type { Meant } from './places.ts';
import { toNumber, toPair, toRatio, toSides } from './ratios.ts';
import type { ToolShape } from './shape.ts';
import type { Reading } from './unmet.ts';
import { toKnown, toWidths } from './values.ts';

/** What `size` means: exact pixels, a resolution, a shape, or how large the file may be. */
export function readSize(tool: string, shape: ToolShape, key: string, value: unknown): Reading[] {
  const plain = toSingle(fromText(value));
  if (isUnasked(plain)) return [];
  if (isFileSize(plain)) return readFileSize(key, plain);
  const resolution = Object.hasOwn(shape, 'resolution') ? toKnown('resolution', resolutions, plain) : undefined;
  if (resolution !== undefined) return [{ key, argument: 'resolution', value: resolution }];
  const pair = toPair(plain);
  const hasRatio = Object.hasOwn(shape, 'aspect_ratio');
  if (pair && (pair.isPixels || !(hasRatio || pair.isRatio))) return toPixels(key, pair);
  const ratio = hasRatio ? toRatio(plain) : undefined;
  if (ratio !== undefined) return [{ key, argument: 'aspect_ratio', value: ratio }];
  const given = toSides(plain);
  return given ? [...given].flatMap(([side, length]) => toSide(key, side, length)) : [{ key, advice: findWish(tool, 'size')?.advice }];
}

/** Exact pixels under the name of the resolution are width and height. */
export function readResolution(key: string, value: unknown): Meant[] {
  const pair = toPair(value);
  return pair?.isPixels ? toPixels(key, pair) : [{ key, argument: 'resolution', value }];
}

/** One size, or the widths of a set: which of the two depends on the preset (see `placeSizes`). */
export function readSizes(tool: string, shape: ToolShape, key: string, value: unknown): Reading[] {
  const plain = toSingle(fromText(value));
  if (isUnasked(plain)) return [];
  const isOne = isObject(plain) || (typeof plain === 'string' && toPair(plain) !== undefined);
  return isOne ? readSize(tool, shape, key, plain) : [{ key, argument: 'sizes', value: toWidths(plain) }];
}

function toPixels(key: string, { width, height }: Size): Meant[] {
  return [
    { key, argument: 'width', value: width },
    { key, argument: 'height', value: height },
  ];
}

function toSide(key: string, argument: string, value: unknown): Meant[] {
  return isUnasked(value) ? [] : [{ key, argument, value: toNumber(value) || value }];
}
