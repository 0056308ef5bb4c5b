import type { Plane } from './planes.ts';

/** Maps points of the reference to points of the moving picture: x' = x·scaleX + shiftX. Points are continuous: pixel i covers i to i + 1. */
export interface Placement {
  scaleX: number;
  shiftX: number;
  scaleY: number;
  shiftY: number;
}

/** The two pictures at one size of the pyramid; `visible` is 1 where the reference may be looked at. */
export interface Level {
  reference: Plane;
  visible: Uint8Array;
  moving: Plane;
}

/** What one square block of the reference says about a placement. */
export interface Block {
  /** The block's centre, in pixels of the level. */
  x: number;
  y: number;
  /** Correlation with the moving picture as placed, -1 to 1; 0 where one of the two is flat. */
  correlation: number;
  /** How much there is to see, 0 (flat) to 1. */
  structure: number;
  /** Normal equations of the displacement that is left, in pixels of the level, each divided by the noise: [xx xy; xy yy]·d = [ex ey]. */
  xx: number;
  xy: number;
  yy: number;
  ex: number;
  ey: number;
}

/** Grey levels; a block that varies less is as good as flat, as JPEG and noise make that much. */
const flatDeviation = 3;

/** The part of a warped picture with a margin that is compared: the one over the reference, moved by whole pixels. */
export interface Shown {
  margin: number;
  x: number;
  y: number;
}

/** The moving picture as the reference would show it, bilinear; NaN outside the moving picture. `margin` pixels more on every side. */
export function warp(
  { data, width, height }: Plane,
  placement: Placement,
  size: { width: number; height: number },
  margin = 0,
): Float32Array {
  const [outWidth, outHeight] = [size.width + 2 * margin, size.height + 2 * margin];
  const out = new Float32Array(outWidth * outHeight).fill(Number.NaN);
  for (let y = 0; y < outHeight; y++) {
    const sourceY = (y - margin + 0.5) * placement.scaleY + placement.shiftY - 0.5;
    if (sourceY < -0.5 || sourceY > height - 0.5) continue;
    const top = Math.min(height - 1, Math.max(0, Math.floor(sourceY)));
    const down = Math.min(height - 1, top + 1) * width;
    const fy = Math.max(0, sourceY - top);
    for (let x = 0, o = y * outWidth; x < outWidth; x++, o++) {
      const sourceX = (x - margin + 0.5) * placement.scaleX + placement.shiftX - 0.5;
      if (sourceX < -0.5 || sourceX > width - 0.5) continue;
      const left = Math.min(width - 1, Math.max(0, Math.floor(sourceX)));
      const right = Math.min(width - 1, left + 1);
      const fx = Math.max(0, sourceX - left);
      const above = (data[top * width + left] ?? 0) * (1 - fx) + (data[top * width + right] ?? 0) * fx;
      const below = (data[down + left] ?? 0) * (1 - fx) + (data[down + right] ?? 0) * fx;
      out[o] = above * (1 - fy) + below * fy;
    }
  }
  return out;
}

/**
 * Compares the reference with the warped moving picture block by block, each with a brightness and contrast of its own, so that recolouring and shading
 * do not matter. Blocks less than half of which can be compared are left out. Displacements by one Gauss-Newton step with the mean of both gradients
 * (Malis 2004, "efficient second-order minimization"), which needs only first derivatives.
 */
export function compareBlocks(
  { reference, visible }: Level,
  warped: Float32Array,
  edge: number,
  withMotion = true,
  shown?: Shown,
): Block[] {
  const { data, width, height } = reference;
  const stride = width + 2 * (shown?.margin ?? 0);
  const moved = shown ? (shown.margin + shown.y) * stride + shown.margin + shown.x : 0;
  const blocks: Block[] = [];
  for (let top = 1; top + edge / 2 < height; top += edge) {
    const bottom = Math.min(height - 1, top + edge);
    for (let left = 1; left + edge / 2 < width; left += edge) {
      const right = Math.min(width - 1, left + edge);
      let [n, sumR, sumM, sumRR, sumMM, sumRM] = [0, 0, 0, 0, 0, 0];
      for (let y = top; y < bottom; y++) {
        for (let x = left, i = y * width + left, j = moved + y * stride + left; x < right; x++, i++, j++) {
          const m = warped[j] ?? 0;
          if (visible[i] !== 1 || Number.isNaN(m)) continue;
          const r = data[i] ?? 0;
          n++;
          sumR += r;
          sumM += m;
          sumRR += r * r;
          sumMM += m * m;
          sumRM += r * m;
        }
      }
      if (n < (edge * edge) / 2) continue;
      const [meanR, meanM] = [sumR / n, sumM / n];
      const [varR, varM] = [Math.max(0, sumRR / n - meanR * meanR), Math.max(0, sumMM / n - meanM * meanM)];
      const covariance = sumRM / n - meanR * meanM;
      const strongest = Math.max(varR, varM);
      const correlation = covariance / Math.sqrt(Math.max(varR, strongest / 100) * Math.max(varM, strongest / 100) + 1e-6);
      const structure = strongest / (strongest + 4 * flatDeviation ** 2);
      const block = { x: (left + right) / 2, y: (top + bottom) / 2, correlation, structure, xx: 0, xy: 0, yy: 0, ex: 0, ey: 0 };
      blocks.push(block);
      if (!withMotion || correlation <= 0.1) continue;
      const gain = Math.min(3, covariance / Math.max(varM, 1e-6));
      let [squares, sumX, sumY, sumXM, sumYM] = [0, 0, 0, 0, 0];
      for (let y = top; y < bottom; y++) {
        for (let x = left, i = y * width + left, j = moved + y * stride + left; x < right; x++, i++, j++) {
          const m = warped[j] ?? 0;
          if (visible[i] !== 1 || Number.isNaN(m)) continue;
          const horizontal = (warped[j + 1] ?? 0) - (warped[j - 1] ?? 0);
          const vertical = (warped[j + stride] ?? 0) - (warped[j - stride] ?? 0);
          if (Number.isNaN(horizontal) || Number.isNaN(vertical)) continue;
          const gx = ((data[i + 1] ?? 0) - (data[i - 1] ?? 0) + gain * horizontal) / 4;
          const gy = ((data[i + width] ?? 0) - (data[i - width] ?? 0) + gain * vertical) / 4;
          const error = (data[i] ?? 0) - meanR - gain * (m - meanM);
          squares += error * error;
          sumX += gx;
          sumY += gy;
          sumXM += gx * (m - meanM);
          sumYM += gy * (m - meanM);
          block.xx += gx * gx;
          block.xy += gx * gy;
          block.yy += gy * gy;
          block.ex += gx * error;
          block.ey += gy * error;
        }
      }
      // What a change of brightness or contrast would explain as well says nothing about place: a smooth ramp can be anywhere.
      const spreadM = n * varM + 1e-6;
      const noise = squares / n + 1;
      block.xx = (block.xx - (sumX * sumX) / n - (sumXM * sumXM) / spreadM) / noise;
      block.xy = (block.xy - (sumX * sumY) / n - (sumXM * sumYM) / spreadM) / noise;
      block.yy = (block.yy - (sumY * sumY) / n - (sumYM * sumYM) / spreadM) / noise;
      block.ex /= noise;
      block.ey /= noise;
    }
  }
  return blocks;
}

/** What is left to move at this block, in pixels; directions the block says nothing about (along an edge, in flat places) count as none. */
export function displacementOf({ xx, xy, yy, ex, ey }: Block): { x: number; y: number } {
  const damping = 0.02 * (xx + yy) + 4;
  const [a, c] = [xx + damping, yy + damping];
  const determinant = a * c - xy * xy;
  return { x: (c * ex - xy * ey) / determinant, y: (a * ey - xy * ex) / determinant };
}

/**
 * Moves a placement to where the blocks together want it: weighted least squares, where blocks that correlate badly or want to go elsewhere
 * (by more than about `tolerance` pixels) count little. What no block speaks about stays as it was.
 */
export function improve(
  placement: Placement,
  blocks: readonly Block[],
  size: { width: number; height: number },
  tolerance: number,
): Placement {
  const normal = new Float64Array(16);
  const wanted = new Float64Array(4);
  for (const block of blocks) {
    const { x, y } = displacementOf(block);
    const trust = Math.min(1, Math.max(0, (block.correlation - 0.2) / 0.6));
    const weight = trust / (1 + (x * x + y * y) / tolerance ** 2);
    if (weight === 0) continue;
    const [u, v] = [block.x / size.width - 0.5, block.y / size.height - 0.5];
    const [xx, xy, yy, ex, ey] = [block.xx * weight, block.xy * weight, block.yy * weight, block.ex * weight, block.ey * weight];
    addUpper(normal, [xx, xx * u, xy, xy * v, xx * u * u, xy * u, xy * u * v, yy, yy * v, yy * v * v]);
    wanted[0] = (wanted[0] ?? 0) + ex;
    wanted[1] = (wanted[1] ?? 0) + ex * u;
    wanted[2] = (wanted[2] ?? 0) + ey;
    wanted[3] = (wanted[3] ?? 0) + ey * v;
  }
  const [dx = 0, growX = 0, dy = 0, growY = 0] = solve4(normal, wanted);
  const cap = (value: number) => Math.min(2, Math.max(-2, value));
  const [gx, gy] = [cap(growX) / size.width, cap(growY) / size.height];
  return {
    scaleX: placement.scaleX * (1 + gx),
    shiftX: placement.shiftX + placement.scaleX * (cap(dx) - 0.5 * size.width * gx),
    scaleY: placement.scaleY * (1 + gy),
    shiftY: placement.shiftY + placement.scaleY * (cap(dy) - 0.5 * size.height * gy),
  };
}

function addUpper(matrix: Float64Array, values: readonly number[]): void {
  for (let row = 0, next = 0; row < 4; row++) {
    for (let column = row; column < 4; column++, next++) matrix[row * 4 + column] = (matrix[row * 4 + column] ?? 0) + (values[next] ?? 0);
  }
}

/** Solves the symmetric system (upper half given) by Gaussian elimination; a little is added to the diagonal, so that what is not determined is 0. */
function solve4(upper: Float64Array, right: Float64Array): number[] {
  const rows = Array.from({ length: 4 }, (_, row) => [
    ...Array.from({ length: 4 }, (_, column) => (upper[Math.min(row, column) * 4 + Math.max(row, column)] ?? 0) + (row === column ? 8 : 0)),
    right[row] ?? 0,
  ]);
  for (const [pivot, from] of rows.entries()) {
    for (const to of rows.slice(pivot + 1)) {
      const factor = (to[pivot] ?? 0) / (from[pivot] ?? 1);
      for (let column = pivot; column < 5; column++) to[column] = (to[column] ?? 0) - factor * (from[column] ?? 0);
    }
  }
  const solution = [0, 0, 0, 0];
  for (let row = 3; row >= 0; row--) {
    const line = rows[row] ?? [];
    const known = solution.reduce((sum, value, column) => sum + (column > row ? value * (line[column] ?? 0) : 0), 0);
    solution[row] = ((line[4] ?? 0) - known) / (line[row] ?? 1);
  }
  return solution;
}
