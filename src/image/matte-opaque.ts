import type { Pixels, Rgb } from './pixels.ts';

/** A pixel is taken to be opaque when it nearly is and so is, on average, the square around it. */
const reach = 3;
const nearly = 0.6 * 255;
const onAverage = 0.9 * 255;
/** A second shot is under another light when this part of what is nearly opaque is not quite; hair and glows have less of that. */
const dimmed = { from: 230, to: 250, part: 0.3 } as const;

/** Whether so much of a cut-out is nearly opaque, but not quite, that the second shot must have been under another light. */
export function isRelit(levels: Uint32Array): boolean {
  const count = (from: number, to: number) => levels.subarray(from, to + 1).reduce((sum, part) => sum + part, 0);
  const solid = count(dimmed.from, 255);
  return count(dimmed.from, dimmed.to) > dimmed.part * solid && solid > count(0, 255) / 1000;
}

/**
 * Makes opaque what a second shot under another light left at alpha 0.94 to 0.98, in place. The colour becomes the mean of both shots again. Works on
 * alpha as it was before, of which it keeps the last rows. `levels`, the pixels of each alpha, are kept right.
 */
export function fillOpaque({ data, width, height }: Pixels, levels: Uint32Array, light: Rgb, dark: Rgb): void {
  const size = 2 * reach + 1;
  const kept = Array.from({ length: size }, () => new Uint8Array(width));
  const sums = new Int32Array(width);
  const ground: Rgb = [(light[0] + dark[0]) / 2, (light[1] + dark[1]) / 2, (light[2] + dark[2]) / 2];
  for (let y = 0; y < height + reach; y++) {
    const row = kept[y % size];
    if (row) {
      if (y < height) enter(data, 4 * y * width + 3, row, sums);
      else leave(row, sums);
    }
    const middle = y - reach;
    if (middle < 0) continue;
    const rows = Math.min(height - 1, y) - Math.max(0, middle - reach) + 1;
    fillRow(data, 4 * middle * width, sums, rows, ground, levels);
  }
}

/** Puts a row's alpha in the place of that of the row that was kept there. */
function enter(data: Uint8Array, start: number, row: Uint8Array, sums: Int32Array): void {
  for (let x = 0, from = start; x < row.length; x++, from += 4) {
    const alpha = data[from] ?? 0;
    sums[x] = (sums[x] ?? 0) + alpha - (row[x] ?? 0);
    row[x] = alpha;
  }
}

function leave(row: Uint8Array, sums: Int32Array): void {
  for (let x = 0; x < row.length; x++) sums[x] = (sums[x] ?? 0) - (row[x] ?? 0);
  row.fill(0);
}

function fillRow(data: Uint8Array, start: number, sums: Int32Array, rows: number, [red, green, blue]: Rgb, levels: Uint32Array): void {
  const width = sums.length;
  const least = onAverage * rows;
  let sum = 0;
  for (let x = 0; x < Math.min(reach, width); x++) sum += sums[x] ?? 0;
  for (let x = 0, at = start; x < width; x++, at += 4) {
    if (x + reach < width) sum += sums[x + reach] ?? 0;
    if (x > reach) sum -= sums[x - reach - 1] ?? 0;
    const alpha = data[at + 3] ?? 0;
    if (alpha === 255 || alpha <= nearly) continue;
    const columns = Math.min(width - 1, x + reach) - Math.max(0, x - reach) + 1;
    if (sum <= least * columns) continue;
    const own = alpha / 255;
    const rest = 1 - own;
    data[at] = own * (data[at] ?? 0) + rest * red + 0.5;
    data[at + 1] = own * (data[at + 1] ?? 0) + rest * green + 0.5;
    data[at + 2] = own * (data[at + 2] ?? 0) + rest * blue + 0.5;
    data[at + 3] = 255;
    levels[alpha] = (levels[alpha] ?? 0) - 1;
    levels[255] = (levels[255] ?? 0) + 1;
  }
}
