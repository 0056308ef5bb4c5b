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
 * alpha as it was before, of which it keeps the last rows.
 */
export function fillOpaque({ data, width, height }: Pixels, light: Rgb, dark: Rgb): void {
  const size = 2 * reach + 1;
  const kept = Array.from({ length: size }, () => new Uint8Array(width));
  const sums = new Int32Array(width);
  const enter = (y: number, sign: 1 | -1) => {
    const row = kept[y % size];
    if (!row) return;
    for (let x = 0; x < width; x++) {
      if (sign === 1) row[x] = data[4 * (y * width + x) + 3] ?? 0;
      sums[x] = (sums[x] ?? 0) + sign * (row[x] ?? 0);
    }
  };
  for (let y = 0; y < Math.min(reach, height); y++) enter(y, 1);
  for (let y = 0; y < height; y++) {
    if (y - reach - 1 >= 0) enter(y - reach - 1, -1);
    if (y + reach < height) enter(y + reach, 1);
    const rows = Math.min(height - 1, y + reach) - Math.max(0, y - reach) + 1;
    fillRow(data, 4 * y * width, sums, rows, light, dark);
  }
}

function fillRow(data: Uint8Array, start: number, sums: Int32Array, rows: number, light: Rgb, dark: Rgb): void {
  const width = sums.length;
  let [sum, columns] = [0, 0];
  for (let x = 0; x < Math.min(reach, width); x++, columns++) sum += sums[x] ?? 0;
  for (let x = 0; x < width; x++) {
    if (x + reach < width) {
      sum += sums[x + reach] ?? 0;
      columns++;
    }
    if (x - reach - 1 >= 0) {
      sum -= sums[x - reach - 1] ?? 0;
      columns--;
    }
    const offset = start + 4 * x;
    const alpha = data[offset + 3] ?? 0;
    if (alpha === 255 || alpha <= nearly || sum <= onAverage * rows * columns) continue;
    for (let channel = 0; channel < 3; channel++) {
      const ground = ((light[channel] ?? 0) + (dark[channel] ?? 0)) / 2;
      data[offset + channel] = Math.min(255, (alpha * (data[offset + channel] ?? 0) + (255 - alpha) * ground) / 255 + 0.5);
    }
    data[offset + 3] = 255;
  }
}
