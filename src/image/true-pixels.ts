import { limitPalette } from './palette.ts';
import { evenGrid, findGrid, type PixelGrid } from './pixel-grid.ts';
import type { Pixels, Rgb } from './pixels.ts';

/** What a picture in the style of pixel art becomes. */
export interface TruePixels {
  /** One pixel for each fat one, RGBA, alpha 0 or 255. */
  pixels: Pixels;
  /** The colours of what is seen, most used first. */
  colours: readonly Rgb[];
  grid: PixelGrid;
}

/** `columns` and `rows` say the grid; where one is absent fat pixels are square, where both are the grid is found. */
export interface TruePixelsWish {
  columns?: number | undefined;
  rows?: number | undefined;
  /** The most colours. */
  colours: number;
}

/**
 * A picture whose fat pixels are many pixels large → one pixel for each, in few colours. Undefined when no grid was said and none is found.
 */
export function toTruePixels(pixels: Pixels, wish: TruePixelsWish): TruePixels | undefined {
  const grid = wish.columns === undefined && wish.rows === undefined ? findGrid(pixels) : evenGrid(pixels, ...sizeOf(pixels, wish));
  if (grid === undefined) return undefined;
  return { ...limitPalette(sampleCells(pixels, grid), wish.colours), grid };
}

/** Columns and rows; the one that is not said keeps the fat pixels square. */
function sizeOf({ width, height }: Pixels, wish: TruePixelsWish): [columns: number, rows: number] {
  const columns = wish.columns ?? Math.max(1, Math.round(((wish.rows ?? 1) * width) / height));
  return [columns, wish.rows ?? Math.max(1, Math.round((columns * height) / width))];
}

/** One pixel for each cell: the median of the inside of it, away from blurred edges; seen or not seen, nothing between. */
function sampleCells(pixels: Pixels, { columns, rows }: PixelGrid): Pixels {
  const [width, height] = [columns.length - 1, rows.length - 1];
  const data = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++) {
    const [top, bottom] = inside(rows[row] ?? 0, rows[row + 1] ?? 0);
    for (let column = 0; column < width; column++) {
      const [left, right] = inside(columns[column] ?? 0, columns[column + 1] ?? 0);
      data.set(medianOf(pixels, left, top, right, bottom), (row * width + column) * 4);
    }
  }
  return { data, width, height, channels: 4 };
}

/** The inner half of a cell, at least one pixel. */
function inside(start: number, end: number): [number, number] {
  const margin = Math.floor((end - start) / 4);
  return [start + margin, Math.max(start + margin + 1, end - margin)];
}

function medianOf({ data, width, channels }: Pixels, left: number, top: number, right: number, bottom: number): number[] {
  const seen: [number[], number[], number[]] = [[], [], []];
  let count = 0;
  // Some 25 pixels tell the median of a cell however large.
  const [down, across] = [Math.ceil((bottom - top) / 5), Math.ceil((right - left) / 5)];
  for (let y = top; y < bottom; y += down) {
    for (let x = left; x < right; x += across) {
      const at = (y * width + x) * channels;
      count++;
      if (channels === 4 && (data[at + 3] ?? 0) < 128) continue;
      seen[0].push(data[at] ?? 0);
      seen[1].push(data[at + 1] ?? 0);
      seen[2].push(data[at + 2] ?? 0);
    }
  }
  if (seen[0].length * 2 < count) return [0, 0, 0, 0];
  return [...seen.map((values) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0), 255];
}
