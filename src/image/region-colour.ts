import type { Box } from '../region.ts';
import { stretchMembrane } from './membrane.ts';
import type { Pixels } from './pixels.ts';
import type { Region } from './planes.ts';
import type { Placement } from './register-blocks.ts';

/** How the answer's colours become the input's: first a matrix of the picture's three channels, then an offset that varies smoothly from place to place. */
export interface Recolouring {
  /** Rows red, green, blue; columns the answer's red, green, blue and a constant. */
  matrix: Float64Array;
  /** Largest change the matrix may make, grey levels: what it was seen to do outside, and a little more. */
  limit: number;
  /** Offsets on a coarse grid over `box`, three a cell, to be interpolated between the centres of cells. */
  offsets: Float32Array;
  box: Box;
  columns: number;
  rows: number;
}

/** Cells along the longer edge of what is compared, and samples along an edge of each cell. */
const gridCells = 80;
const samplesPerCell = 6;
/** How strongly the matrix is held to doing nothing, as the variance (grey levels²) above which a direction in colour is taken as seen. */
const matrixHold = 60;

interface Grid {
  columns: number;
  rows: number;
  /** Means of the cells, three a cell. */
  input: Float32Array;
  answer: Float32Array;
  /** 1 where a cell lies wholly outside the region and inside what the answer shows. */
  known: Float32Array;
}

/**
 * Compares the aligned pictures around the region and finds what brings the answer's colours to the input's there; the offsets go on into the region as
 * smoothly as they can (a membrane over what is known around it), so that no edge of brightness is left. Places that were redrawn do not count.
 * Undefined when nothing around the region can be compared.
 */
export function findRecolouring(input: Pixels, answer: Pixels, placement: Placement, region: Region, bounds: Box): Recolouring | undefined {
  const margin = Math.max(24, 0.3 * Math.max(bounds.right - bounds.left, bounds.bottom - bounds.top));
  const box = {
    left: Math.max(0, Math.floor(bounds.left - margin)),
    top: Math.max(0, Math.floor(bounds.top - margin)),
    right: Math.min(input.width, Math.ceil(bounds.right + margin)),
    bottom: Math.min(input.height, Math.ceil(bounds.bottom + margin)),
  };
  const grid = compareCells(input, answer, placement, region, box);
  if (grid.known.every((known) => known === 0)) return undefined;
  const { matrix, trust } = fitMatrix(grid);
  const residual = new Float32Array(grid.input.length);
  let limit = 0;
  for (let cell = 0; cell < trust.length; cell++) {
    for (let channel = 0; channel < 3; channel++) {
      const i = cell * 3 + channel;
      const toned = apply(matrix, channel, grid.answer, cell * 3);
      residual[i] = (grid.input[i] ?? 0) - toned;
      if ((trust[cell] ?? 0) > 0.3) limit = Math.max(limit, Math.abs(toned - (grid.answer[i] ?? 0)));
    }
  }
  const offsets = stretchMembrane(residual, trust, grid.columns, grid.rows);
  return { matrix, limit: 4 + 1.3 * limit, offsets, box, columns: grid.columns, rows: grid.rows };
}

function apply(matrix: Float64Array, channel: number, colours: Float32Array, i: number): number {
  const row = channel * 4;
  return (
    (matrix[row] ?? 0) * (colours[i] ?? 0) +
    (matrix[row + 1] ?? 0) * (colours[i + 1] ?? 0) +
    (matrix[row + 2] ?? 0) * (colours[i + 2] ?? 0) +
    (matrix[row + 3] ?? 0)
  );
}

function compareCells(input: Pixels, answer: Pixels, { scaleX, shiftX, scaleY, shiftY }: Placement, region: Region, box: Box): Grid {
  const cell = Math.max(2, Math.max(box.right - box.left, box.bottom - box.top) / gridCells);
  const columns = Math.max(1, Math.round((box.right - box.left) / cell));
  const rows = Math.max(1, Math.round((box.bottom - box.top) / cell));
  const cells = columns * rows;
  const grid: Grid = {
    columns,
    rows,
    input: new Float32Array(cells * 3),
    answer: new Float32Array(cells * 3),
    known: new Float32Array(cells),
  };
  const [stepX, stepY] = [(box.right - box.left) / columns / samplesPerCell, (box.bottom - box.top) / rows / samplesPerCell];
  const isInside = toInsideTest(region, input.width);
  for (let index = 0; index < cells; index++) {
    const [left, top] = [(index % columns) * samplesPerCell, Math.floor(index / columns) * samplesPerCell];
    let known = 1;
    for (let sample = 0; sample < samplesPerCell ** 2; sample++) {
      const x = box.left + (left + (sample % samplesPerCell) + 0.5) * stepX;
      const y = box.top + (top + Math.floor(sample / samplesPerCell) + 0.5) * stepY;
      const [answerX, answerY] = [Math.floor(x * scaleX + shiftX), Math.floor(y * scaleY + shiftY)];
      const i = (Math.floor(y) * input.width + Math.floor(x)) * input.channels;
      const beyond = answerX < 0 || answerY < 0 || answerX >= answer.width || answerY >= answer.height;
      const clear = input.channels === 4 && (input.data[i + 3] ?? 0) < 250;
      if (beyond || clear || isInside(Math.floor(x), Math.floor(y))) {
        known = 0;
        break;
      }
      add(grid.input, index, input, i);
      add(grid.answer, index, answer, (answerY * answer.width + answerX) * answer.channels);
    }
    grid.known[index] = known;
  }
  return grid;
}

function add(sums: Float32Array, cell: number, { data }: Pixels, i: number): void {
  for (let channel = 0; channel < 3; channel++) {
    const at = cell * 3 + channel;
    sums[at] = (sums[at] ?? 0) + (data[i + channel] ?? 0) / samplesPerCell ** 2;
  }
}

function toInsideTest(region: Region, width: number): (x: number, y: number) => boolean {
  if ('mask' in region) return (x, y) => region.mask[y * width + x] !== 0;
  const { left, top, right, bottom } = region.box;
  return (x, y) => x >= left && x < right && y >= top && y < bottom;
}

/** Least squares, again and again with less weight for cells that do not fit (Cauchy); what the surroundings do not show of colour stays as it is. */
function fitMatrix({ input, answer, known }: Grid): { matrix: Float64Array; trust: Float32Array } {
  let trust: Float32Array = known;
  let matrix: Float64Array = new Float64Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
  for (let round = 0; round < 6; round++) {
    matrix = solveMatrix(input, answer, trust);
    const errors = Float32Array.from(known, (isKnown, cell) => {
      if (isKnown === 0) return 0;
      let worst = 0;
      for (let channel = 0; channel < 3; channel++)
        worst = Math.max(worst, Math.abs((input[cell * 3 + channel] ?? 0) - apply(matrix, channel, answer, cell * 3)));
      return worst;
    });
    const sorted = errors.filter((_, cell) => known[cell] === 1).sort();
    const usual = Math.max(3, 2 * (sorted[sorted.length >> 1] ?? 0));
    trust = errors.map((error, cell) => (known[cell] === 0 || error > 4 * usual ? 0 : 1 / (1 + (error / usual) ** 2)));
  }
  return { matrix, trust };
}

function solveMatrix(input: Float32Array, answer: Float32Array, weights: Float32Array): Float64Array {
  const total = weights.reduce((a, b) => a + b, 0) || 1;
  const mean = (values: Float32Array, channel: number) =>
    weights.reduce((sum, weight, cell) => sum + weight * (values[cell * 3 + channel] ?? 0), 0) / total;
  const from = [0, 1, 2].map((channel) => mean(answer, channel));
  const to = [0, 1, 2].map((channel) => mean(input, channel));
  const moment = (values: Float32Array, means: readonly number[], a: number, b: number) =>
    weights.reduce(
      (sum, weight, cell) =>
        sum + weight * ((answer[cell * 3 + a] ?? 0) - (from[a] ?? 0)) * ((values[cell * 3 + b] ?? 0) - (means[b] ?? 0)),
      0,
    ) / total;
  const hold = (a: number, b: number) => (a === b ? matrixHold : 0);
  const system = [0, 1, 2].map((a) => [
    ...[0, 1, 2].map((b) => moment(answer, from, a, b) + hold(a, b)),
    ...[0, 1, 2].map((b) => moment(input, to, a, b) + hold(a, b)),
  ]);
  const solved = invertOnto(system);
  const matrix = new Float64Array(12);
  for (let channel = 0; channel < 3; channel++) {
    let constant = to[channel] ?? 0;
    for (let a = 0; a < 3; a++) {
      const gain = solved[a]?.[3 + channel] ?? 0;
      matrix[channel * 4 + a] = gain;
      constant -= gain * (from[a] ?? 0);
    }
    matrix[channel * 4 + 3] = constant;
  }
  return matrix;
}

/** Gauss-Jordan on [A | B], A positive definite: what is right of A becomes A⁻¹B. */
function invertOnto(system: number[][]): number[][] {
  for (const [pivot, from] of system.entries()) {
    const lead = from[pivot] ?? 1;
    for (let column = 0; column < from.length; column++) from[column] = (from[column] ?? 0) / lead;
    for (const [row, to] of system.entries()) {
      if (row === pivot) continue;
      const factor = to[pivot] ?? 0;
      for (let column = 0; column < to.length; column++) to[column] = (to[column] ?? 0) - factor * (from[column] ?? 0);
    }
  }
  return system;
}

/** Recolours a row of the answer (red, green, blue of the columns from `left`, row y of the input) in place; gives the sum of the changes times `weights`. */
export function recolourRow(row: Float32Array, y: number, left: number, weights: Float32Array, recolouring: Recolouring): number {
  const { matrix, limit, box, columns } = recolouring;
  const [rr = 1, rg = 0, rb = 0, r1 = 0, gr = 0, gg = 1, gb = 0, g1 = 0, br = 0, bg = 0, bb = 1, b1 = 0] = matrix;
  const line = offsetsAlong(recolouring, y);
  const perPixel = columns / (box.right - box.left);
  const most = columns - 1;
  let moved = 0;
  let cellX = (left + 0.5 - box.left) * perPixel - 0.5;
  for (let x = 0, i = 0; x < weights.length; x++, i += 3, cellX += perPixel) {
    const weight = weights[x] ?? 0;
    if (weight === 0) continue;
    const place = cellX < 0 ? 0 : cellX > most ? most : cellX;
    const cell = Math.floor(place);
    const across = place - cell;
    const at = 3 * cell;
    const next = cell < most ? at + 3 : at;
    const red = row[i] ?? 0;
    const green = row[i + 1] ?? 0;
    const blue = row[i + 2] ?? 0;
    const toRed = hold(rr * red + rg * green + rb * blue + r1 - red, limit) + (line[at] ?? 0) * (1 - across) + (line[next] ?? 0) * across;
    const toGreen =
      hold(gr * red + gg * green + gb * blue + g1 - green, limit) + (line[at + 1] ?? 0) * (1 - across) + (line[next + 1] ?? 0) * across;
    const toBlue =
      hold(br * red + bg * green + bb * blue + b1 - blue, limit) + (line[at + 2] ?? 0) * (1 - across) + (line[next + 2] ?? 0) * across;
    row[i] = red + toRed;
    row[i + 1] = green + toGreen;
    row[i + 2] = blue + toBlue;
    moved += weight * (Math.abs(toRed) + Math.abs(toGreen) + Math.abs(toBlue));
  }
  return moved / 3;
}

/** The offsets of all columns of cells at row y of the input. */
function offsetsAlong({ offsets, box, columns, rows }: Recolouring, y: number): Float32Array {
  const cellY = Math.min(rows - 1, Math.max(0, ((y + 0.5 - box.top) / (box.bottom - box.top)) * rows - 0.5));
  const [above, below] = [Math.floor(cellY) * columns * 3, Math.min(rows - 1, Math.floor(cellY) + 1) * columns * 3];
  const down = cellY - Math.floor(cellY);
  const line = new Float32Array(3 * columns);
  for (let i = 0; i < line.length; i++) line[i] = (offsets[above + i] ?? 0) * (1 - down) + (offsets[below + i] ?? 0) * down;
  return line;
}

function hold(value: number, limit: number): number {
  return value < -limit ? -limit : value > limit ? limit : value;
}
