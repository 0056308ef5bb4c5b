import { letteringPath, letteringWidth } from '../lettering.ts';

/** Its edge in pixels. */
export const badgeSize = 40;
const [rim, stroke] = [2, 3];
const [paper, ink] = [255, 17];

type Point = readonly [x: number, y: number];

/** A number in a dark disc with a light rim, as RGBA pixels: drawn here, since a decoder that reads drawings too would be one more that can be attacked. */
export function drawBadge(number: number): Buffer {
  const text = String(number);
  const height = text.length === 1 ? 20 : 15;
  const middle = badgeSize / 2;
  const path = letteringPath(text, { x: middle - letteringWidth(text, height) / 2, y: middle - height / 2, height });
  const lines = toLines(path);
  const pixels = Buffer.alloc(badgeSize * badgeSize * 4);
  for (let y = 0; y < badgeSize; y++) {
    for (let x = 0; x < badgeSize; x++) {
      const at: Point = [x + 0.5, y + 0.5];
      const radius = Math.hypot(at[0] - middle, at[1] - middle);
      const nearest = Math.min(...lines.map(([from, to]) => distance(at, from, to)));
      const light = Math.max(cover(radius - (middle - rim)), cover(stroke / 2 - nearest));
      pixels.fill(Math.round(ink + light * (paper - ink)), 4 * (y * badgeSize + x), 4 * (y * badgeSize + x) + 3);
      pixels[4 * (y * badgeSize + x) + 3] = Math.round(255 * cover(middle - radius));
    }
  }
  return pixels;
}

/** How much of a pixel lies inside an edge that is so many pixels away from its middle; negative: outside. */
export function cover(inside: number): number {
  return Math.min(1, Math.max(0, inside + 0.5));
}

/** The strokes of lettering as straight lines: its bends in eight parts each. */
function toLines(path: string): [Point, Point][] {
  const lines: [Point, Point][] = [];
  let pen: Point = [0, 0];
  for (const [, command, rest = ''] of path.matchAll(/([MLC])([^MLC]*)/g)) {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = rest
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    const start = pen;
    const bend = (t: number): Point => [bezier(t, start[0], a, c, e), bezier(t, start[1], b, d, f)];
    const stops: Point[] = command === 'C' ? [1, 2, 3, 4, 5, 6, 7, 8].map((part) => bend(part / 8)) : [[a, b]];
    for (const stop of stops) {
      if (command !== 'M') lines.push([pen, stop]);
      pen = stop;
    }
  }
  return lines;
}

function bezier(t: number, from: number, one: number, two: number, to: number): number {
  const rest = 1 - t;
  return rest ** 3 * from + 3 * rest ** 2 * t * one + 3 * rest * t ** 2 * two + t ** 3 * to;
}

/** From a point to the nearest of a line between two. */
function distance([x, y]: Point, [fromX, fromY]: Point, [toX, toY]: Point): number {
  const [alongX, alongY] = [toX - fromX, toY - fromY];
  const length = alongX ** 2 + alongY ** 2;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - fromX) * alongX + (y - fromY) * alongY) / length));
  return Math.hypot(x - fromX - t * alongX, y - fromY - t * alongY);
}
