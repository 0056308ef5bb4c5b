import { resolutions, type Size } from '../media.ts';
import { isObject } from './json.ts';
import { squash, synonyms } from './lookup.ts';

interface Pair extends Size {
  /** True for an exact size, false for what is only a shape. */
  isPixels: boolean;
}

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

const pairPattern = /^(\d{1,6}(?:\.\d{1,4})?)\s*(px|pixels)?\s*([:：∶x×*/_-]|by|to)\s*(\d{1,6}(?:\.\d{1,4})?)\s*(px|pixels)?$/i;

/** Two positive numbers: `16:9`, `1600x900`, [1600, 900], {width, height}. */
export function toPair(value: unknown): Pair | undefined {
  const [, first, unit, separator, second, unitAfter] = (typeof value === 'string' && pairPattern.exec(value)) || [];
  const [left, right] =
    Array.isArray(value) && value.length === 2 ? value : isObject(value) ? [value.width, value.height] : [first, second];
  const [width, height] = [toNumber(left), toNumber(right)];
  if (!(width > 0 && height > 0)) return undefined;
  // "16x9" is a shape, "16x16" an icon, "64x48" no shape anybody writes so.
  const isLarge = Math.max(width, height) >= 32 || (width === height && width > 1);
  return { width, height, isPixels: unit !== undefined || unitAfter !== undefined || (isLarge && !/[:：∶]/.test(separator ?? '')) };
}

function toNumber(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
  return typeof value === 'string' && /^\d{1,6}(\.\d{1,4})?\s*(px)?$/i.test(value.trim()) ? Number.parseFloat(value) : Number.NaN;
}

export function pixelAdvice(size: Size | undefined): string {
  const start = 'exact pixel sizes cannot be made, so give';
  if (!size) return `${start} the shape as aspect_ratio such as "16:9" and the detail as resolution 1K, 2K or 4K`;
  // Google's sizes keep their area: 1K is about 1024 × 1024 pixels in any shape, and so on.
  const covering = resolutions.find((resolution) => size.width * size.height <= (Number.parseInt(resolution, 10) * 1024) ** 2);
  return `${start} aspect_ratio "${toReduced(size)}" and resolution ${covering ? `"${covering}", the smallest that covers it` : '"4K", the largest'}`;
}
