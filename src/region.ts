import { ToolError } from './errors.ts';
import type { Size } from './media.ts';
import { quote } from './text.ts';

/** A box in pixels of the upright picture: whole numbers, inside it, at least 1×1; `right` and `bottom` are the first column and row outside. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A stretch of one axis, in pixels. */
type Stretch = readonly [from: number, to: number];

const example =
  'Give the edges as places measured from the left and the top, "left 0%, top 5%, right 30%, bottom 50%" (or px), or words: "top left", "bottom third".';

/**
 * The box that `region` names in a picture of this size. Two ways of saying it:
 *
 * - edges: left, top, right, bottom, each a distance from the picture's left or top in % or px, in any order and punctuation; width and height (or x and y)
 *   work too; an axis that is not mentioned is taken whole;
 * - words: a side, a corner or the center, with half (what is meant when nothing is said), third or quarter. A quarter in a corner is a quarter of the
 *   picture, so half of each side; the bare center is the middle half of each side.
 *
 * Refused with `invalid_argument`, and what to write: bare numbers (their order is a guess), one edge of an axis without the other ("bottom 30%" may be the
 * lowest 30 % or all above that line), boxes outside the picture or with nothing in them, the whole picture, and things that are not places.
 */
export function parseRegion(text: string, size: Size): Box {
  const words = text
    .toLowerCase()
    .replace(/[{}[\]()"'“”`]/g, ' ')
    .replace(/per ?cent|pct/g, '%')
    .replace(/\bpixels?\b/g, 'px')
    .trim();
  const box = /\d/.test(words) ? parseEdges(text, words, size) : parseWords(text, words, size);
  if (box.left === 0 && box.top === 0 && box.right === size.width && box.bottom === size.height)
    throw refusal(text, 'is the whole picture: leave region out when everything may change.', false);
  return box;
}

/** `left 0%, top 5%, right 30%, bottom 50% (307×461 px)`, as it is told to the model and in the result. */
export function describeBox({ left, top, right, bottom }: Box, { width, height }: Size): string {
  const share = (part: number, whole: number) => `${Number(((100 * part) / whole).toFixed(1))}%`;
  return (
    `left ${share(left, width)}, top ${share(top, height)}, right ${share(right, width)}, bottom ${share(bottom, height)} ` +
    `(${right - left}×${bottom - top} px)`
  );
}

function refusal(text: string, why: string, withExample = true): ToolError {
  return new ToolError('invalid_argument', `region ${quote(text, 80)} ${why}${withExample ? ` ${example}` : ''}`);
}

const names: Record<string, keyof Box | 'width' | 'height'> = {
  left: 'left',
  x: 'left',
  x1: 'left',
  top: 'top',
  y: 'top',
  y1: 'top',
  right: 'right',
  x2: 'right',
  bottom: 'bottom',
  y2: 'bottom',
  width: 'width',
  w: 'width',
  height: 'height',
  h: 'height',
};

function parseEdges(text: string, words: string, size: Size): Box {
  const found = new Map<string, number>();
  const rest = words.replace(
    /\b(left|right|top|bottom|width|height|[xy][12]?|[wh])\b\s*(?:edge)?\s*[:=]?\s*(?:at\s+)?(-?[\d.]+)\s*(%|px\b)?/g,
    (...match) => {
      const [name = '', number = '', unit] = match.slice(1, 4).map((part) => (part === undefined ? undefined : String(part)));
      const edge = names[name] ?? name;
      if (found.has(edge)) throw refusal(text, `names ${edge} twice; it is one box. For several places or other shapes give a mask.`);
      if (unit === undefined) throw refusal(text, `does not say whether ${name} ${number} is % or px.`);
      found.set(edge, toPixels(Number(number), unit, ['left', 'right', 'width'].includes(edge) ? size.width : size.height));
      return ' ';
    },
  );
  if (/\d/.test(rest)) throw refusal(text, 'has numbers without a name, and their order would be a guess.');
  const strange = rest.match(/[^\s,;.&|/-]+/g)?.filter((word) => !fillers.has(word)) ?? [];
  if (strange.length > 0) throw refusal(text, `has words that do not go with edges: ${quote(strange.join(' '))}.`);
  const [left, right] = toStretch(text, found, ['left', 'right', 'width'], size.width);
  const [top, bottom] = toStretch(text, found, ['top', 'bottom', 'height'], size.height);
  return { left, top, right, bottom };
}

function toPixels(value: number, unit: string, length: number): number {
  return unit === '%' ? (value / 100) * length : value;
}

/** Two of the three decide; none of them means the whole axis. Overshoot up to a hundredth of the edge or a pixel is rounding and taken back. */
function toStretch(
  text: string,
  found: Map<string, number>,
  [low, high, span]: readonly [string, string, string],
  length: number,
): Stretch {
  const [from, to, extent] = [found.get(low), found.get(high), found.get(span)];
  if (from === undefined && to === undefined && extent === undefined) return [0, length];
  if (from !== undefined && to !== undefined && extent !== undefined && Math.abs(to - from - extent) > 1)
    throw refusal(text, `says ${low}, ${high} and ${span}, and they do not agree.`);
  const start = from ?? (to !== undefined && extent !== undefined ? to - extent : undefined);
  const end = to ?? (from !== undefined && extent !== undefined ? from + extent : undefined);
  if (start === undefined || end === undefined) {
    const named = [low, high, span].find((name) => found.has(name)) ?? low;
    throw refusal(text, `says ${named} alone, which can be read two ways: give ${low} and ${high}.`);
  }
  const slack = Math.max(1, length / 100);
  if (!(start >= -slack && end <= length + slack && start < length && end > 0))
    throw refusal(text, `reaches outside the picture, whose ${span} is ${length} px.`);
  if (start >= end) throw refusal(text, `has nothing in it: ${high} must be further from the picture's ${low} than ${low} is.`);
  return settle(start, end, length);
}

/** Whole pixels inside the picture, at least one. */
function settle(start: number, end: number, length: number): Stretch {
  const from = Math.min(length - 1, Math.max(0, Math.round(start)));
  return [from, Math.min(length, Math.max(from + 1, Math.round(end)))];
}

const fillers = new Set(
  'the a of in at and from to is edge corner hand part side area section region box picture image photo frame canvas'.split(' '),
);
const places = new Map<string, 'top' | 'bottom' | 'left' | 'right' | 'middle'>([
  ['top', 'top'],
  ['upper', 'top'],
  ['bottom', 'bottom'],
  ['lower', 'bottom'],
  ['left', 'left'],
  ['lefthand', 'left'],
  ['right', 'right'],
  ['righthand', 'right'],
  ['center', 'middle'],
  ['centre', 'middle'],
  ['central', 'middle'],
  ['middle', 'middle'],
]);
const shares = new Map([
  ['half', 1 / 2],
  ['third', 1 / 3],
  ['quarter', 1 / 4],
  ['quadrant', 1 / 4],
  ['fourth', 1 / 4],
  ['twothirds', 2 / 3],
  ['threequarters', 3 / 4],
]);

function parseWords(text: string, words: string, size: Size): Box {
  const parts = words
    .replace(/two[- ]thirds/, 'twothirds')
    .replace(/three[- ]quarters/, 'threequarters')
    .split(/[\s,;./_-]+/)
    .filter((word) => word !== '' && !fillers.has(word));
  if (parts.some((word) => ['all', 'whole', 'everything', 'full', 'entire', 'everywhere'].includes(word)))
    throw refusal(text, 'is the whole picture: leave region out when everything may change.', false);
  const strange = parts.filter((word) => !places.has(word) && !shares.has(word));
  if (strange.length > 0 || parts.length === 0)
    throw refusal(text, 'is not a place in the picture: say in prompt what is to change, and here the box it is in.');
  const where = parts.flatMap((word) => places.get(word) ?? []);
  const [share, ...more] = parts.flatMap((word) => shares.get(word) ?? []);
  const [vertical, horizontal] = [
    where.filter((place) => place === 'top' || place === 'bottom'),
    where.filter((place) => place === 'left' || place === 'right'),
  ];
  const middle = where.length - vertical.length - horizontal.length;
  if (more.length > 0 || where.length === 0 || vertical.length > 1 || horizontal.length > 1 || middle > 2 || where.length > 2)
    throw refusal(text, 'is not one box; for several places or other shapes give a mask.');
  if (share !== undefined && where.every((place) => place === 'middle'))
    throw refusal(text, 'can be a band across, a band down or a box: "top 33%, bottom 67%" is the band across.');
  const corner = where.length === 2;
  const side = share === undefined || (corner && share === 1 / 4) ? 1 / 2 : share;
  const across = horizontal[0] ?? (middle > 0 ? 'middle' : undefined);
  const down = vertical[0] ?? (middle > 0 ? 'middle' : undefined);
  const [left, right] = toPart(across, side, size.width);
  const [top, bottom] = toPart(down, side, size.height);
  return { left, top, right, bottom };
}

function toPart(place: string | undefined, share: number, length: number): Stretch {
  if (place === undefined) return [0, length];
  const part = share * length;
  if (place === 'middle') return settle((length - part) / 2, (length + part) / 2, length);
  return place === 'left' || place === 'top' ? settle(0, part, length) : settle(length - part, length, length);
}
