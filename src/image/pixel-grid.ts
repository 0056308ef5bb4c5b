import type { Pixels } from './pixels.ts';

/** The lines between the fat pixels of one axis, in pixels, from 0 to the edge: cells are what lies between neighbours. */
type GridLines = readonly number[];

export interface PixelGrid {
  columns: GridLines;
  rows: GridLines;
  /** Mean edge of a fat pixel, in pixels. */
  cell: number;
  /** How much of the picture's edges lies on the grid, above chance: 1 all, 0 none. */
  fit: number;
}

/** Cells that change more inside than this part of what changes between them are not flat. */
const mostSoftness = 0.4;
/** A step between neighbouring pixels counts from here, summed over the channels, so that JPEG noise draws no lines; and no more than to there. */
const step = { least: 30, most: 200 } as const;
/** Fat pixels narrower than this are not told from detail; the most is a sixteenth of the picture. */
const smallestCell = 3;
/** A cell of this share of the best fit is as good as the best: half a cell fits at least as well as a whole one. */
const nearBest = 0.8;
/** How far from even a line may be, in cells, and still be on the comb. */
const uneven = 0.07;
/** How far the cells of the two axes may differ. */
const unevenAxes = 0.04;
/** Grids of less than this fit are no grids; photographs and smooth drawings measure below 0.3, pixel art in JPEG above 0.6. */
const leastFit = 0.45;

/**
 * Finds the grid of a picture in the style of pixel art: fat pixels of any size (10.67, not only 11), not quite even, blurred edges. Undefined when there
 * is none. The cell's size is the one whose comb holds the most edges above chance, the larger where several do; the lines then follow the edges, each about
 * a cell from the one before (a shortest path), so that uneven grids are followed.
 */
export function findGrid(pixels: Pixels): PixelGrid | undefined {
  const across = edgeProfile(pixels, 'columns');
  const down = edgeProfile(pixels, 'rows');
  const cell = findCell(across, down);
  if (cell.fit < leastFit) return undefined;
  const columns = followLines(across, cell.across);
  const rows = followLines(down, cell.down);
  const meanCell = (pixels.width / (columns.length - 1) + pixels.height / (rows.length - 1)) / 2;
  const grid = { columns, rows, cell: meanCell, fit: cell.fit };
  return softness(pixels, grid) > mostSoftness ? undefined : grid;
}

/**
 * How much colours change inside cells, from a quarter to three quarters, as a part of how much they change from cell to cell: 0 for flat cells, 0.5 and more
 * where a smooth picture only has the blocks of JPEG for edges.
 */
function softness({ data, width, channels }: Pixels, { columns, rows }: PixelGrid): number {
  let [within, between] = [0, 0];
  const at = (x: number, y: number) => (y * width + x) * channels;
  for (let row = 0; row + 1 < rows.length; row++) {
    const y = Math.floor(((rows[row] ?? 0) + (rows[row + 1] ?? 0)) / 2);
    for (let column = 0; column + 2 < columns.length; column++) {
      const [left, right, end] = [columns[column] ?? 0, columns[column + 1] ?? 0, columns[column + 2] ?? 0];
      const quarter = (right - left) / 4;
      const middle = Math.floor((left + right) / 2);
      within += changeOfColour(data, at(Math.floor(left + quarter), y), at(Math.floor(right - quarter), y));
      between += changeOfColour(data, at(middle, y), at(Math.floor((right + end) / 2), y));
    }
  }
  return between === 0 ? 1 : within / between;
}

/** A grid of so many even columns and rows. */
export function evenGrid({ width, height }: Pixels, columns: number, rows: number): PixelGrid {
  const lines = (length: number, count: number) => Array.from({ length: count + 1 }, (_, index) => Math.round((index * length) / count));
  return { columns: lines(width, columns), rows: lines(height, rows), cell: width / columns, fit: 1 };
}

/** How much changes between each pixel and the one before it, along one axis: entry i is the line between i − 1 and i. */
function edgeProfile({ data, width, height, channels }: Pixels, axis: 'columns' | 'rows'): Float64Array {
  const profile = new Float64Array(axis === 'columns' ? width : height);
  const back = axis === 'columns' ? channels : channels * width;
  for (let y = axis === 'rows' ? 1 : 0; y < height; y++) {
    for (let x = axis === 'columns' ? 1 : 0; x < width; x++) {
      const at = (y * width + x) * channels;
      const change = channels === 4 ? changeWithAlpha(data, at, at - back) : changeOfColour(data, at, at - back);
      const line = axis === 'columns' ? x : y;
      if (change >= step.least) profile[line] = (profile[line] ?? 0) + Math.min(change, step.most);
    }
  }
  return profile;
}

function changeOfColour(data: Uint8Array, a: number, b: number): number {
  return (
    Math.abs((data[a] ?? 0) - (data[b] ?? 0)) +
    Math.abs((data[a + 1] ?? 0) - (data[b + 1] ?? 0)) +
    Math.abs((data[a + 2] ?? 0) - (data[b + 2] ?? 0))
  );
}

/** What cannot be seen has no colour. */
function changeWithAlpha(data: Uint8Array, a: number, b: number): number {
  const [one, other] = [data[a + 3] ?? 0, data[b + 3] ?? 0];
  return Math.abs(one - other) + (changeOfColour(data, a, b) * Math.min(one, other)) / 255;
}

/** A cell of each axis, in pixels; they differ a little where the picture was stretched to its size. */
interface Cell {
  across: number;
  down: number;
  fit: number;
}

/**
 * The period whose comb takes the most of both profiles above chance. A half or a third of it takes as much, so the largest that comes near the best is taken.
 * Axes may differ by a few per cent.
 */
function findCell(across: Float64Array, down: Float64Array): Cell {
  const cells = candidates(Math.min(across.length, down.length) / 8, Math.max(across.length, down.length));
  const [fitsAcross, fitsDown] = [across, down].map((profile) => cells.map((cell) => combFit(profile, cell)));
  const joined = cells.map((cell): Cell => {
    const [x, y] = [bestNear(cells, fitsAcross ?? [], cell), bestNear(cells, fitsDown ?? [], cell)];
    return { across: x.cell, down: y.cell, fit: (x.fit + y.fit) / 2 };
  });
  const best = Math.max(0, ...joined.map(({ fit }) => fit));
  const near = joined.filter(({ fit }) => fit >= nearBest * best);
  const [largest] = near.sort((a, b) => b.across - a.across);
  // Of the candidates around that peak the top, not its slope.
  const peak = joined.filter(({ across: cell }) => largest !== undefined && Math.abs(cell - largest.across) < unevenAxes * largest.across);
  return peak.sort((a, b) => b.fit - a.fit)[0] ?? { across: 1, down: 1, fit: 0 };
}

/** Periods to try, each so near the next that the last line of the comb moves by half a pixel. */
function candidates(most: number, length: number): number[] {
  const cells: number[] = [];
  for (let cell = smallestCell; cell <= most; cell += (cell * cell) / length / 2) cells.push(cell);
  return cells;
}

function bestNear(cells: readonly number[], fits: readonly number[], around: number): { cell: number; fit: number } {
  let best = { cell: around, fit: 0 };
  for (const [index, cell] of cells.entries()) {
    const fit = fits[index] ?? 0;
    if (Math.abs(cell - around) <= unevenAxes * around && fit > best.fit) best = { cell, fit };
  }
  return best;
}

/** The share of a profile on the best-placed comb of this period (what lies beside it counts too), above the share that chance would put there; 0 to 1. */
function combFit(profile: Float64Array, cell: number): number {
  const reach = Math.max(Math.min(1, cell / 6), cell * uneven);
  const chance = (2 * reach + 1) / cell;
  const bins = 4 * Math.ceil(cell);
  const folded = new Float64Array(bins);
  let total = 0;
  for (let line = 1; line < profile.length; line++) {
    const energy = profile[line] ?? 0;
    if (energy === 0) continue;
    total += energy;
    const bin = Math.floor(((line % cell) / cell) * bins);
    folded[bin] = (folded[bin] ?? 0) + energy;
  }
  if (total === 0 || chance >= 1) return 0;
  const window = Math.max(1, Math.round(chance * bins));
  let held = 0;
  for (let bin = 0; bin < window; bin++) held += folded[bin] ?? 0;
  let most = held;
  for (let bin = 0; bin < bins; bin++) {
    held += (folded[(bin + window) % bins] ?? 0) - (folded[bin] ?? 0);
    if (held > most) most = held;
  }
  return Math.max(0, (most / total - chance) / (1 - chance));
}

/**
 * The lines of one axis: the path from edge to edge whose steps are about a cell long and which takes the most edges. A line may stand anywhere; a step
 * that differs from the cell costs as much as mean lines are worth, so that empty stretches are divided evenly.
 */
function followLines(profile: Float64Array, cell: number): GridLines {
  const length = profile.length;
  const worth = smooth(profile);
  const mean = worth.reduce((sum, value) => sum + value, 0) / Math.max(1, length / cell);
  const [shortest, longest] = [Math.max(2, Math.floor(cell * 0.75)), Math.ceil(cell * 1.25)];
  const best = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY);
  const from = new Int32Array(length + 1).fill(-1);
  // The first line stands at the edge, or up to a cell inside it: the grid may begin with a part of a cell.
  for (let line = 0; line <= Math.min(longest, length); line++) best[line] = line === 0 ? 0 : (worth[line] ?? 0) - mean * 0.25;
  for (let line = shortest; line <= length; line++) {
    for (let width = shortest; width <= Math.min(longest, line); width++) {
      const stretch = (width - cell) / cell;
      const value = (best[line - width] ?? 0) + (worth[line] ?? 0) - 8 * mean * stretch * stretch;
      if (value > (best[line] ?? 0)) {
        best[line] = value;
        from[line] = line - width;
      }
    }
  }
  return walkBack(best, from, cell);
}

/** From the best last line, at most a cell from the far edge, back to the first. Parts of cells at the edges count from half a cell. */
function walkBack(best: Float64Array, from: Int32Array, cell: number): GridLines {
  const length = best.length - 1;
  let last = length;
  for (let line = length; line > Math.max(0, length - cell); line--) if ((best[line] ?? 0) > (best[last] ?? 0)) last = line;
  const lines = [last];
  for (let line = from[last] ?? -1; line >= 0; line = from[line] ?? -1) lines.unshift(line);
  const [first = 0] = lines;
  if (first >= cell / 2) lines.unshift(0);
  else lines[0] = 0;
  if (length - last >= cell / 2) lines.push(length);
  else lines[lines.length - 1] = length;
  return lines;
}

/** Blurred edges are two or three lines wide; their middle is the line. */
function smooth(profile: Float64Array): Float64Array {
  const result = new Float64Array(profile.length + 1);
  for (let line = 1; line < profile.length; line++) {
    result[line] = (profile[line] ?? 0) + ((profile[line - 1] ?? 0) + (profile[line + 1] ?? 0)) / 2;
  }
  return result;
}
