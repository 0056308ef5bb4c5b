import { fromText, toSingle } from './json.ts';
import { fileSizes, isUnasked, squash, unitBytes } from './lookup.ts';
import type { Reading } from './unmet.ts';

/** A largest file under any of its names, as `max_kb` (thousands of bytes). A bare number under a name that says no unit is not guessed at. */
export function readFileSize(key: string, value: unknown): Reading[] {
  const plain = toSingle(fromText(value));
  if (isUnasked(plain) || plain === false) return [];
  const { amount, bytes: said } = toAmount(plain);
  const named = unitBytes.get(fileSizes.get(squash(key)) ?? '');
  if (amount === undefined) return [{ key, argument: 'max_kb', value: plain }];
  if (amount === 0) return [];
  if (said === undefined && named === 1000) return [{ key, argument: 'max_kb', value: amount }];
  const bytes = said ?? named;
  if (bytes === undefined) return [{ key, advice: 'say the unit: max_kb 200 is 200 kB (200,000 bytes); pixels are width and height' }];
  return [{ key, argument: 'max_kb', value: toKilobytes(amount * bytes) }];
}

/** True for text such as "200 KB"; "4K" is no such text. */
export function isFileSize(value: unknown): boolean {
  return typeof value === 'string' && /(b|bytes?)$/i.test(value) && toAmount(value).bytes !== undefined;
}

interface Amount {
  amount: number | undefined;
  /** Of the unit that is written behind it. */
  bytes: number | undefined;
}

function toAmount(value: unknown): Amount {
  if (typeof value === 'number') return { amount: value, bytes: undefined };
  const [, amount, unit = ''] = (typeof value === 'string' && /^(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]*)$/i.exec(value)) || [];
  const bytes = unitBytes.get(unit.toLowerCase());
  if (amount === undefined || (unit !== '' && bytes === undefined)) return { amount: undefined, bytes: undefined };
  return { amount: Number(amount), bytes };
}

/** Downwards, so that the file is no larger than was asked; less than one stays a fraction, which validation refuses. */
function toKilobytes(bytes: number): number {
  const kilobytes = Number((bytes / 1000).toFixed(6));
  return kilobytes > 1 ? Math.floor(kilobytes) : kilobytes;
}
