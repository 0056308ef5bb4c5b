import type { Box } from '../region.ts';
import type { Pixels } from './pixels.ts';

/** One value a pixel, rows from the top without padding. */
export interface Plane {
  data: Float32Array;
  width: number;
  height: number;
}

/** Part of a picture: a box, or a mask of the picture's size in which 255 is inside, 0 outside, and what is between a soft edge. */
export type Region = { box: Box } | { mask: Uint8Array };

/** Luminance (Rec. 601, 0 to 255) of a picture made smaller: each value is the mean of the area it stands for. Neither edge may grow. */
export function shrinkToLuminance(picture: Pixels, width: number, height: number): Plane {
  const columns = findCells(picture.width, width);
  const rows = findCells(picture.height, height);
  const out = new Float32Array(width * height);
  const line = new Float32Array(width);
  for (let row = 0; row < height; row++) {
    const { first = 0, last = 0, firstShare = 1, lastShare = 1 } = rows[row] ?? {};
    for (let y = first; y <= last; y++) {
      meanOfCells(picture, y, columns, line);
      const share = y === first ? firstShare : y === last ? lastShare : 1;
      for (let x = 0, o = row * width; x < width; x++, o++) out[o] = (out[o] ?? 0) + (line[x] ?? 0) * share;
    }
  }
  const area = (width / picture.width) * (height / picture.height);
  for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) * area;
  return { data: out, width, height };
}

/** Source pixels that make one target pixel: the first and the last of them only in part. */
interface Cell {
  first: number;
  last: number;
  firstShare: number;
  lastShare: number;
}

function findCells(from: number, to: number): Cell[] {
  return Array.from({ length: to }, (_, index) => {
    const [start, end] = [(index * from) / to, ((index + 1) * from) / to];
    const first = Math.min(from - 1, Math.floor(start + 1e-9));
    const last = Math.max(first, Math.min(from - 1, Math.ceil(end - 1e-9) - 1));
    return { first, last, firstShare: first === last ? end - start : first + 1 - start, lastShare: end - last };
  });
}

/** One source row summed into cells. Whole pixels are summed as integers, three at a time, since this is the only step over all of a large picture. */
function meanOfCells({ data, width, channels }: Pixels, y: number, cells: readonly Cell[], line: Float32Array): void {
  const start = y * width * channels;
  for (let x = 0; x < cells.length; x++) {
    const cell = cells[x];
    if (cell === undefined) continue;
    const first = start + cell.first * channels;
    const last = start + cell.last * channels;
    let [red, green, blue] = [0, 0, 0];
    for (let i = first + channels; i < last; i += channels) {
      red += data[i] ?? 0;
      green += data[i + 1] ?? 0;
      blue += data[i + 2] ?? 0;
    }
    let sum = 0.299 * red + 0.587 * green + 0.114 * blue + cell.firstShare * luminanceAt(data, first);
    if (last > first) sum += cell.lastShare * luminanceAt(data, last);
    line[x] = sum;
  }
}

function luminanceAt(data: Uint8Array, i: number): number {
  return 0.299 * (data[i] ?? 0) + 0.587 * (data[i + 1] ?? 0) + 0.114 * (data[i + 2] ?? 0);
}

/**
 * Where a smaller version of a picture may be looked at: 1, or 0 for whatever is touched by the region (if one is given) or is not opaque. One pixel
 * around such places is left out too, since smoothing carries them that far.
 */
export function findVisible(picture: Pixels, ignore: Region | undefined, width: number, height: number): Uint8Array {
  const hidden = new Uint8Array(width * height);
  const [scaleX, scaleY] = [width / picture.width, height / picture.height];
  if (ignore !== undefined && 'box' in ignore) {
    const { left, top, right, bottom } = ignore.box;
    const last = Math.min(height, Math.ceil(bottom * scaleY));
    for (let y = Math.floor(top * scaleY); y < last; y++)
      hidden.fill(1, y * width + Math.floor(left * scaleX), y * width + Math.min(width, Math.ceil(right * scaleX)));
  }
  const mask = ignore !== undefined && 'mask' in ignore ? ignore.mask : undefined;
  if (mask !== undefined || picture.channels === 4) {
    for (let y = 0, i = 0; y < picture.height; y++) {
      const row = Math.floor(y * scaleY) * width;
      for (let x = 0; x < picture.width; x++, i++) {
        const clear = picture.channels === 4 && (picture.data[i * 4 + 3] ?? 0) < 250;
        if (clear || (mask !== undefined && mask[i] !== 0)) hidden[row + Math.floor(x * scaleX)] = 1;
      }
    }
  }
  return growAndInvert(hidden, width, height);
}

function growAndInvert(hidden: Uint8Array, width: number, height: number): Uint8Array {
  const visible = new Uint8Array(hidden.length).fill(1);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (hidden[i] === 0) continue;
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++)
        visible.fill(0, row * width + Math.max(0, x - 1), row * width + Math.min(width, x + 2));
    }
  }
  return visible;
}

/** Half the size, each value the mean of four; an odd last row or column is dropped, so that coordinates halve exactly. */
export function halve({ data, width, height }: Plane): Plane {
  const [w, h] = [width >> 1, height >> 1];
  const out = new Float32Array(w * h);
  for (let y = 0, o = 0; y < h; y++) {
    for (let x = 0, i = 2 * y * width; x < w; x++, i += 2, o++)
      out[o] = ((data[i] ?? 0) + (data[i + 1] ?? 0) + (data[i + width] ?? 0) + (data[i + width + 1] ?? 0)) / 4;
  }
  return { data: out, width: w, height: h };
}

/** Half the size of what `findVisible` gives; visible is what is wholly visible. */
export function halveVisible(visible: Uint8Array, width: number, height: number): Uint8Array {
  const [w, h] = [width >> 1, height >> 1];
  const out = new Uint8Array(w * h);
  for (let y = 0, o = 0; y < h; y++) {
    for (let x = 0, i = 2 * y * width; x < w; x++, i += 2, o++)
      out[o] = (visible[i] ?? 0) & (visible[i + 1] ?? 0) & (visible[i + width] ?? 0) & (visible[i + width + 1] ?? 0);
  }
  return out;
}

/** Takes single-pixel noise and JPEG ringing away: 1-2-1 both ways. */
export function smooth({ data, width, height }: Plane): Plane {
  const rows = new Float32Array(data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const before = data[x > 0 ? i - 1 : i] ?? 0;
      const after = data[x < width - 1 ? i + 1 : i] ?? 0;
      rows[i] = (before + 2 * (data[i] ?? 0) + after) / 4;
    }
  }
  const out = new Float32Array(data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const above = rows[y > 0 ? i - width : i] ?? 0;
      const below = rows[y < height - 1 ? i + width : i] ?? 0;
      out[i] = (above + 2 * (rows[i] ?? 0) + below) / 4;
    }
  }
  return { data: out, width, height };
}
