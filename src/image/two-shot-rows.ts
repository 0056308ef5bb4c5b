import type { Pixels } from './pixels.ts';
import type { Alignment } from './two-shot-align.ts';

/** Rows of a shot as seen through an alignment: red, green and blue, `stride` bytes a pixel; a row is good until the next is asked for. */
export interface Rows {
  stride: number;
  read: (y: number) => Uint8Array;
}

/** Rows of `width` pixels. An unmoved shot's are its own; others are interpolated by cubics (Catmull-Rom), its border going on beyond its edge. */
export function readAligned(shot: Pixels, alignment: Alignment, width: number): Rows {
  const { data, channels } = shot;
  if (isIdentity(alignment) && shot.width === width) {
    // A plain view: a Buffer's own `subarray` makes another Buffer, which is slow a row.
    const plain = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { stride: channels, read: (y) => plain.subarray(channels * y * width, channels * (y + 1) * width) };
  }
  const { scaleX, shiftX, scaleY, shiftY } = alignment;
  if (scaleX === 1 && scaleY === 1 && Number.isInteger(shiftX) && Number.isInteger(shiftY)) {
    const row = new Uint8Array(3 * width);
    return {
      stride: 3,
      read: (y) => {
        copyRow(shot, Math.min(shot.height - 1, Math.max(0, y + shiftY)), shiftX, row);
        return row;
      },
    };
  }
  const across = findTaps(width, scaleX, shiftX, shot.width);
  const [blend, row] = [new Float32Array(3 * shot.width), new Uint8Array(3 * width)];
  const read = (y: number) => {
    const down = findTaps(1, scaleY, scaleY * y + shiftY, shot.height);
    blendRows(shot, down, blend);
    blendColumns(blend, across, row);
    return row;
  };
  return { stride: 3, read };
}

/** Four places and their weights for each of a run of positions. */
interface Taps {
  places: Int32Array;
  weights: Float32Array;
}

function findTaps(count: number, scale: number, shift: number, limit: number): Taps {
  const [places, weights] = [new Int32Array(4 * count), new Float32Array(4 * count)];
  for (let index = 0; index < count; index++) {
    // A thousandth of a pixel is no shift, and whole pixels need no interpolation.
    const exact = Math.round(1000 * (scale * (index + 0.5) + shift - 0.5)) / 1000;
    const from = Math.floor(exact);
    const t = exact - from;
    const cubic = [-t * (1 - t) ** 2, 2 - 5 * t * t + 3 * t ** 3, t * (1 + 4 * t - 3 * t * t), -t * t * (1 - t)];
    for (let tap = 0; tap < 4; tap++) {
      places[4 * index + tap] = Math.min(limit - 1, Math.max(0, from - 1 + tap));
      weights[4 * index + tap] = (cubic[tap] ?? 0) / 2;
    }
  }
  return { places, weights };
}

function blendRows({ data, width, channels }: Pixels, { places, weights }: Taps, into: Float32Array): void {
  into.fill(0);
  for (let tap = 0; tap < 4; tap++) {
    const weight = weights[tap] ?? 0;
    if (weight === 0) continue;
    let from = channels * width * (places[tap] ?? 0);
    for (let to = 0; to < 3 * width; to += 3) {
      into[to] = (into[to] ?? 0) + weight * (data[from] ?? 0);
      into[to + 1] = (into[to + 1] ?? 0) + weight * (data[from + 1] ?? 0);
      into[to + 2] = (into[to + 2] ?? 0) + weight * (data[from + 2] ?? 0);
      from += channels;
    }
  }
}

function blendColumns(from: Float32Array, { places, weights }: Taps, into: Uint8Array): void {
  for (let to = 0, tap = 0; to < into.length; to += 3, tap += 4) {
    const a = weights[tap] ?? 0;
    const b = weights[tap + 1] ?? 0;
    const c = weights[tap + 2] ?? 0;
    const d = weights[tap + 3] ?? 0;
    const atA = 3 * (places[tap] ?? 0);
    const atB = 3 * (places[tap + 1] ?? 0);
    const atC = 3 * (places[tap + 2] ?? 0);
    const atD = 3 * (places[tap + 3] ?? 0);
    for (let channel = 0; channel < 3; channel++) {
      const value =
        a * (from[atA + channel] ?? 0) + b * (from[atB + channel] ?? 0) + c * (from[atC + channel] ?? 0) + d * (from[atD + channel] ?? 0);
      into[to + channel] = value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
    }
  }
}

/** A row moved by whole pixels. */
function copyRow({ data, width, channels }: Pixels, y: number, right: number, into: Uint8Array): void {
  const start = channels * width * y;
  for (let x = 0, to = 0; to < into.length; x++, to += 3) {
    const place = x + right;
    const from = start + channels * (place < 0 ? 0 : place >= width ? width - 1 : place);
    into[to] = data[from] ?? 0;
    into[to + 1] = data[from + 1] ?? 0;
    into[to + 2] = data[from + 2] ?? 0;
  }
}

function isIdentity({ scaleX, shiftX, scaleY, shiftY }: Alignment): boolean {
  return scaleX === 1 && shiftX === 0 && scaleY === 1 && shiftY === 0;
}
