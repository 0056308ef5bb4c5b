import type { Box } from '../region.ts';
import type { Pixels } from './pixels.ts';
import type { Placement } from './register-blocks.ts';

/** Source indices and weights for each target pixel, the same number for all. */
interface Taps {
  count: number;
  index: Uint32Array;
  weight: Float32Array;
}

/** Catmull-Rom: sharp, and exact where pixels fall on pixels (Keys 1981, a = -0.5). */
function catmullRom(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** Beyond the source's edge its mirror image is taken; the kernel grows when pixels are merged, so that nothing is skipped. */
function makeTaps(from: number, to: number, scale: number, shift: number, sourceLength: number): Taps {
  const grow = Math.max(1, scale);
  const count = Math.ceil(4 * grow) + 1;
  const [index, weight] = [new Uint32Array((to - from) * count), new Float32Array((to - from) * count)];
  for (let target = from, o = 0; target < to; target++, o += count) {
    const centre = (target + 0.5) * scale + shift - 0.5;
    const first = Math.ceil(centre - 2 * grow);
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const value = catmullRom((first + tap - centre) / grow);
      index[o + tap] = mirror(first + tap, sourceLength);
      weight[o + tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < count; tap++) weight[o + tap] = (weight[o + tap] ?? 0) / sum;
  }
  return { count, index, weight };
}

/** Whole numbers reflected at the edges of 0 to length - 1. */
function mirror(position: number, length: number): number {
  const period = 2 * length;
  const within = ((position % period) + period) % period;
  return within < length ? within : period - 1 - within;
}

/**
 * Reads a picture as another one would show it, a row at a time: `read(y)` gives red, green and blue (0 to 255, a little beyond where edges overshoot) of
 * the columns of `box` in row y of that other picture. The array is used again by the next call.
 */
export function createRowReader({ data, width, height, channels }: Pixels, placement: Placement, box: Box): (y: number) => Float32Array {
  const columns = makeTaps(box.left, box.right, placement.scaleX, placement.shiftX, width);
  const rows = makeTaps(box.top, box.bottom, placement.scaleY, placement.shiftY, height);
  const [firstColumn, lastColumn] = [
    columns.index.reduce((a, b) => Math.min(a, b), width),
    columns.index.reduce((a, b) => Math.max(a, b), 0),
  ];
  const merged = new Float32Array((lastColumn - firstColumn + 1) * 3);
  const out = new Float32Array((box.right - box.left) * 3);
  const offsets = columns.index.map((column) => (column - firstColumn) * 3);
  return (y) => {
    merged.fill(0);
    for (let tap = 0, at = (y - box.top) * rows.count; tap < rows.count; tap++, at++) {
      const weight = rows.weight[at] ?? 0;
      if (weight !== 0) addRow(data, ((rows.index[at] ?? 0) * width + firstColumn) * channels, channels, weight, merged);
    }
    mergeColumns(merged, offsets, columns, out);
    return out;
  };
}

function addRow(data: Uint8Array, start: number, channels: number, weight: number, into: Float32Array): void {
  for (let o = 0, i = start; o < into.length; o += 3, i += channels) {
    into[o] = (into[o] ?? 0) + weight * (data[i] ?? 0);
    into[o + 1] = (into[o + 1] ?? 0) + weight * (data[i + 1] ?? 0);
    into[o + 2] = (into[o + 2] ?? 0) + weight * (data[i + 2] ?? 0);
  }
}

function mergeColumns(from: Float32Array, offsets: Uint32Array, { count, weight }: Taps, into: Float32Array): void {
  for (let o = 0, at = 0; o < into.length; o += 3) {
    let red = 0;
    let green = 0;
    let blue = 0;
    for (const end = at + count; at < end; at++) {
      const share = weight[at] ?? 0;
      const i = offsets[at] ?? 0;
      red += share * (from[i] ?? 0);
      green += share * (from[i + 1] ?? 0);
      blue += share * (from[i + 2] ?? 0);
    }
    into[o] = red;
    into[o + 1] = green;
    into[o + 2] = blue;
  }
}
