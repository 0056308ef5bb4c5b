import type { Size } from '../media.ts';
import { isObject } from './json.ts';
import { sides, squash, synonyms } from './lookup.ts';

interface Pair extends Size {
  /** True for an exact size, false for what is only a shape. */
  isPixels: boolean;
  /** True for what is written as a ratio. */
  isRatio: boolean;
}

/** The sides an object names when it names nothing else. */
export function toSides(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (!isObject(value)) return undefined;
  const named = new Map<string, unknown>();
  for (const [key, length] of Object.entries(value)) {
    const side = sides.get(squash(key));
    if (side === undefined || named.has(side)) return undefined;
    named.set(side, length);
  }
  return named;
}

/** A shape as W:H, from words or two numbers. */
export function toRatio(value: unknown): string | undefined {
  const word = typeof value === 'string' ? synonyms.get('aspect_ratio')?.get(squash(value)) : undefined;
  const pair = toPair(value);
  if (word !== undefined || !pair) return word;
  // 21:9 is a name as much as a number; only what can be nothing but pixels is reduced.
  return Math.max(pair.width, pair.height) < 100 ? `${pair.width}:${pair.height}` : toReduced(pair);
}

function toReduced({ width, height }: Size): string {
  let [divisor, rest] = [width, height];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return Number.isInteger(width) && Number.isInteger(height) ? `${width / divisor}:${height / divisor}` : `${width}:${height}`;
}

/** No size is written longer; the patterns take time that grows with the square of the length. */
const longestSize = 60;

const pairPattern = /^(\d{1,6}(?:\.\d{1,4})?)\s*(px|pixels)?\s*([:：∶x×*/_-]|by|to)\s*(\d{1,6}(?:\.\d{1,4})?)\s*(px|pixels)?$/i;

/** Two positive numbers: `16:9`, `1600x900`, [1600, 900], {width, height}. */
export function toPair(value: unknown): Pair | undefined {
  const [, first, unit, separator, second, unitAfter] =
    (typeof value === 'string' && value.length <= longestSize && pairPattern.exec(value)) || [];
  const named = toSides(value);
  const [left, right] =
    Array.isArray(value) && value.length === 2 ? value : named ? [named.get('width'), named.get('height')] : [first, second];
  const [width, height] = [toNumber(left), toNumber(right)];
  if (!(width > 0 && height > 0)) return undefined;
  // "16x9" is a shape, "16x16" an icon, "64x48" no shape anybody writes so.
  const isLarge = Math.max(width, height) >= 32 || (width === height && width > 1);
  const isRatio = /[:：∶]/.test(separator ?? '');
  return { width, height, isPixels: unit !== undefined || unitAfter !== undefined || (isLarge && !isRatio), isRatio };
}

/** A number, also as text and with px; NaN for anything else. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
  return typeof value === 'string' && value.length <= longestSize && /^\d{1,6}(\.\d{1,4})?\s*(px|pixels)?$/i.test(value.trim())
    ? Number.parseFloat(value)
    : Number.NaN;
}
