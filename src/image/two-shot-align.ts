import type { Pixels, Rgb } from './pixels.ts';

/** Where a pixel of the first shot is in the second: `scale · (x + ½) + shift - ½`, in pixels of each, for both directions. */
export interface Alignment {
  scaleX: number;
  shiftX: number;
  scaleY: number;
  shiftY: number;
}

/** Longest edge of the reduced pictures that are aligned, and of the coarsest of their halvings. */
const proxyEdge = 1024;
const coarsestEdge = 64;
const samples = 20_000;
const maxSteps = 8;
/** Differences well above this, in units of the backgrounds' distance, are not the same thing in both shots and count little. */
const outlier = 0.08;

/** Two planes of a picture's colour differences, row by row; `scale` is how many pixels of the picture one of the planes' stands for. */
interface Planes {
  first: Float32Array;
  second: Float32Array;
  width: number;
  height: number;
}

/** The alignment of two shots when the second has nothing but another size. */
export function unmoved(white: Pixels, black: Pixels): Alignment {
  return { scaleX: black.width / white.width, shiftX: 0, scaleY: black.height / white.height, shiftY: 0 };
}

/**
 * The shift and scale that lays the second shot on the first, to a fraction of a pixel. What light and dark behind a subject leave alone is the
 * difference of its channels (alpha times colour is in both shots, and grey backgrounds cancel), so these are two equal pictures, which Gauss-Newton steps
 * from coarse to fine bring together (Lucas and Kanade 1981, Bergen 1992). A subject without colour gives no hold: then it is `unmoved`.
 */
export function alignShots(white: Pixels, black: Pixels, apart: Rgb): Alignment {
  const reduction = Math.max(1, Math.ceil(Math.max(white.width, white.height) / proxyEdge));
  const pyramid = [{ on: toPlanes(white, apart, reduction), off: toPlanes(black, apart, reduction) }];
  for (let last = pyramid[0]; last && Math.max(last.on.width, last.on.height) >= 2 * coarsestEdge; last = pyramid.at(-1)) {
    pyramid.push({ on: halve(last.on), off: halve(last.off) });
  }
  let found = unmoved(white, black);
  for (let level = pyramid.length - 1; level >= 0; level--) {
    const planes = pyramid[level];
    const unit = reduction * 2 ** level;
    if (planes) found = refine(planes.on, planes.off, found, unit);
  }
  return found;
}

/** Gauss-Newton steps at one level; `unit` is how many pixels one of the planes' stands for. */
function refine(on: Planes, off: Planes, start: Alignment, unit: number): Alignment {
  const places = findDetail(on);
  const [middleX, middleY] = [on.width / 2, on.height / 2];
  // About the middle, so that scale and shift do not pull at each other: [scale, place of the middle] for x, then for y.
  let [scaleX, atX] = [start.scaleX, start.scaleX * middleX + start.shiftX / unit];
  let [scaleY, atY] = [start.scaleY, start.scaleY * middleY + start.shiftY / unit];
  for (let step = 0; step < maxSteps && places.length > 0; step++) {
    const normal = new Float64Array(20);
    for (const place of places) {
      const x = place % on.width;
      const y = (place - x) / on.width;
      const u = x + 0.5 - middleX;
      const v = y + 0.5 - middleY;
      const toX = atX + scaleX * u - 0.5;
      const toY = atY + scaleY * v - 0.5;
      if (toX < 1 || toY < 1 || toX >= off.width - 2 || toY >= off.height - 2) continue;
      gather(normal, off.first, off.width, toX, toY, on.first[place] ?? 0, u, v);
      gather(normal, off.second, off.width, toX, toY, on.second[place] ?? 0, u, v);
    }
    const change = solve(normal);
    if (!change) break;
    scaleX += change[0];
    atX += change[1];
    scaleY += change[2];
    atY += change[3];
    if (Math.abs(change[1]) + Math.abs(change[3]) + (Math.abs(change[0]) + Math.abs(change[2])) * on.width < 0.004) break;
  }
  const moved = Math.max(Math.abs(atX - scaleX * middleX), Math.abs(atY - scaleY * middleY)) / Math.max(on.width, on.height);
  if (!(moved < 0.2)) return start;
  return { scaleX, shiftX: unit * (atX - scaleX * middleX), scaleY, shiftY: unit * (atY - scaleY * middleY) };
}

/** Adds one place to the normal equations: the upper triangle of JᵀJ and Jᵀr, each weighted down when the two do not look alike there. */
function gather(
  normal: Float64Array,
  plane: Float32Array,
  width: number,
  x: number,
  y: number,
  wanted: number,
  u: number,
  v: number,
): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const rightPart = x - left;
  const lowPart = y - top;
  const index = top * width + left;
  const a = plane[index] ?? 0;
  const b = plane[index + 1] ?? 0;
  const c = plane[index + width] ?? 0;
  const d = plane[index + width + 1] ?? 0;
  const slopeX = (1 - lowPart) * (b - a) + lowPart * (d - c);
  const slopeY = (1 - rightPart) * (c - a) + rightPart * (d - b);
  const rest = wanted - (a + rightPart * (b - a) + lowPart * (c - a) + rightPart * lowPart * (a - b - c + d));
  const weight = 1 / (1 + (rest / outlier) ** 2) ** 2;
  const j0 = slopeX * u;
  const j2 = slopeY * v;
  add(normal, 0, weight * j0, j0, slopeX, j2, slopeY, rest);
  add(normal, 5, weight * slopeX, j0, slopeX, j2, slopeY, rest);
  add(normal, 10, weight * j2, j0, slopeX, j2, slopeY, rest);
  add(normal, 15, weight * slopeY, j0, slopeX, j2, slopeY, rest);
}

function add(normal: Float64Array, row: number, by: number, j0: number, j1: number, j2: number, j3: number, rest: number): void {
  normal[row] = (normal[row] ?? 0) + by * j0;
  normal[row + 1] = (normal[row + 1] ?? 0) + by * j1;
  normal[row + 2] = (normal[row + 2] ?? 0) + by * j2;
  normal[row + 3] = (normal[row + 3] ?? 0) + by * j3;
  normal[row + 4] = (normal[row + 4] ?? 0) + by * rest;
}

/** Solves four equations (rows of five numbers) by elimination; nothing when they do not determine the answer. */
function solve(normal: Float64Array): [number, number, number, number] | undefined {
  const at = (row: number, column: number) => normal[5 * row + column] ?? 0;
  for (let row = 0; row < 4; row++) {
    const pivot = at(row, row);
    // Some chroma of some slope: a twentieth of a level per pixel over the whole sample is noise.
    if (!(pivot > 1e-3)) return undefined;
    for (let below = row + 1; below < 4; below++) {
      const factor = at(below, row) / pivot;
      for (let column = row; column < 5; column++) normal[5 * below + column] = at(below, column) - factor * at(row, column);
    }
  }
  const d = at(3, 4) / at(3, 3);
  const c = (at(2, 4) - at(2, 3) * d) / at(2, 2);
  const b = (at(1, 4) - at(1, 2) * c - at(1, 3) * d) / at(1, 1);
  const a = (at(0, 4) - at(0, 1) * b - at(0, 2) * c - at(0, 3) * d) / at(0, 0);
  return [a, b, c, d];
}

/** Red less green and green less blue, each in units of the backgrounds' distance, reduced by averaging. */
function toPlanes({ data, width, height, channels }: Pixels, apart: Rgb, reduction: number): Planes {
  const [toWidth, toHeight] = [Math.max(1, Math.floor(width / reduction)), Math.max(1, Math.floor(height / reduction))];
  const [first, second] = [new Float32Array(toWidth * toHeight), new Float32Array(toWidth * toHeight)];
  // Of large blocks every other row and column is enough.
  const stride = reduction > 2 ? 2 : 1;
  const count = Math.ceil(reduction / stride) ** 2;
  const [red, green, blue] = [1 / apart[0] / count, 1 / apart[1] / count, 1 / apart[2] / count];
  const [right, down] = [channels * stride, channels * width * stride];
  for (let y = 0, to = 0; y < toHeight; y++) {
    let start = channels * y * reduction * width;
    for (let x = 0; x < toWidth; x++, to++, start += channels * reduction) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (let row = 0, line = start; row < reduction; row += stride, line += down) {
        for (let column = 0, from = line; column < reduction; column += stride, from += right) {
          r += data[from] ?? 0;
          g += data[from + 1] ?? 0;
          b += data[from + 2] ?? 0;
        }
      }
      first[to] = r * red - g * green;
      second[to] = g * green - b * blue;
    }
  }
  return { first, second, width: toWidth, height: toHeight };
}

function halve({ first, second, width, height }: Planes): Planes {
  const [toWidth, toHeight] = [Math.floor(width / 2), Math.floor(height / 2)];
  const reduce = (plane: Float32Array) => {
    const half = new Float32Array(toWidth * toHeight);
    for (let y = 0; y < toHeight; y++) {
      for (let x = 0; x < toWidth; x++) {
        const from = 2 * y * width + 2 * x;
        half[y * toWidth + x] =
          ((plane[from] ?? 0) + (plane[from + 1] ?? 0) + (plane[from + width] ?? 0) + (plane[from + width + 1] ?? 0)) / 4;
      }
    }
    return half;
  };
  return { first: reduce(first), second: reduce(second), width: toWidth, height: toHeight };
}

/** Places where colour changes more than on average, about `samples` of them. */
function findDetail({ first, second, width, height }: Planes): number[] {
  const energy = (index: number) =>
    ((first[index + 1] ?? 0) - (first[index - 1] ?? 0)) ** 2 +
    ((first[index + width] ?? 0) - (first[index - width] ?? 0)) ** 2 +
    ((second[index + 1] ?? 0) - (second[index - 1] ?? 0)) ** 2 +
    ((second[index + width] ?? 0) - (second[index - width] ?? 0)) ** 2;
  let [sum, count] = [0, 0];
  for (let y = 1; y < height - 1; y += 2) {
    for (let x = 1; x < width - 1; x += 2) {
      sum += energy(y * width + x);
      count++;
    }
  }
  const least = sum / Math.max(1, count);
  const found: number[] = [];
  const skip = width * height > 16 * samples ? 2 : 1;
  for (let y = 1; y < height - 1; y += skip) {
    for (let x = 1; x < width - 1; x++) if (energy(y * width + x) > least) found.push(y * width + x);
  }
  const every = Math.ceil(found.length / samples);
  return every <= 1 ? found : found.filter((_, index) => index % every === 0);
}
