import { fromText, isObject, toSingle } from './json.ts';
import { edges, isUnasked, squash } from './lookup.ts';
import type { Reading } from './unmet.ts';

const advice =
  'name the edges in region, such as "left 0%, top 5%, right 30%, bottom 50%", since the order of bare numbers means different things to different models';

/** A box under any of its names, as the text `region` takes: text as it is, an object with named edges written out; bare numbers are refused. */
export function readRegion(key: string, value: unknown): Reading[] {
  const plain = toSingle(fromText(value));
  if (isUnasked(plain)) return [];
  if (typeof plain !== 'object') return [{ key, argument: 'region', value: plain }];
  const region = toRegion(plain);
  return [region === undefined ? { key, advice } : { key, argument: 'region', value: region }];
}

/** From {left, top, right, bottom} or {x, y, width, height}, with any of their other names; undefined for what says more or less than lengths. */
function toRegion(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).map(([key, item]) => [edges.get(squash(key)) ?? '', item] as const);
  const common = toUnit(new Map(entries).get('unit'));
  const lengths = entries.flatMap(([edge, item]) => (edge === 'unit' ? [] : [{ edge, ...toLength(item) }]));
  const isClear = lengths.every(({ edge, amount }) => edge !== '' && amount !== undefined);
  const isTwice = new Set(entries.map(([edge]) => edge)).size < entries.length;
  if (!isClear || isTwice || lengths.length === 0 || common === undefined) return undefined;
  // Nobody means a box of one pixel: numbers up to 1 are shares of the picture.
  const isShare = common === '' && lengths.every(({ amount = 0, unit }) => unit === '' && amount <= 1);
  const [factor, assumed] = isShare ? [100, '%'] : [1, common || 'px'];
  return lengths.map(({ edge, amount = 0, unit }) => `${edge} ${Number((amount * factor).toFixed(4))}${unit || assumed}`).join(', ');
}

/** What numbers without a unit are in; empty when it is not said. */
function toUnit(value: unknown): '' | '%' | 'px' | undefined {
  if (isUnasked(value)) return '';
  const word = String(value).trim().toLowerCase();
  if (word === '%' || word === 'percent' || word === 'percentage') return '%';
  return word === 'px' || word === 'pixel' || word === 'pixels' ? 'px' : undefined;
}

function toLength(value: unknown): { amount?: number; unit?: string } {
  const text = typeof value === 'number' || (typeof value === 'string' && value.length <= 60) ? String(value) : '';
  const [, amount, unit = ''] = /^\s*(-?\d{1,6}(?:\.\d{1,12})?)\s*(px|%)?\s*$/i.exec(text) ?? [];
  return amount === undefined ? {} : { amount: Number(amount), unit: unit.toLowerCase() };
}
