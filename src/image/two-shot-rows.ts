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
    const row = new Uint8Array(channels * width);
    const read = (y: number) => {
      copyRow(shot, Math.min(shot.height - 1, Math.max(0, y + shiftY)), shiftX, row);
      return row;
    };
    return { stride: channels, read };
  }
  const across = findTaps(width, scaleX, shiftX, shot.width);
  const [blend, row] = [new Float32Array(channels * shot.width), new Uint8ClampedArray(3 * width)];
  const bytes = new Uint8Array(row.buffer);
  let last = -1;
  const read = (y: number) => {
    if (y === last) return bytes;
    last = y;
    blendRows(shot, findTaps(1, scaleY, scaleY * y + shiftY, shot.height), blend);
    blendColumns(blend, channels, across, row);
    return bytes;
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

/** Four rows as one, of as many channels. */
function blendRows({ data, width, channels }: Pixels, { places, weights }: Taps, into: Float32Array): void {
  const [a = 0, b = 0, c = 0, d = 0] = weights;
  const [atA = 0, atB = 0, atC = 0, atD = 0] = places.map((place) => channels * width * place);
  for (let to = 0; to < into.length; to++)
    into[to] = a * (data[atA + to] ?? 0) + b * (data[atB + to] ?? 0) + c * (data[atC + to] ?? 0) + d * (data[atD + to] ?? 0);
}

function blendColumns(from: Float32Array, channels: number, { places, weights }: Taps, into: Uint8ClampedArray): void {
  for (let to = 0, tap = 0; to < into.length; to += 3, tap += 4) {
    const a = weights[tap] ?? 0;
    const b = weights[tap + 1] ?? 0;
    const c = weights[tap + 2] ?? 0;
    const d = weights[tap + 3] ?? 0;
    const atA = channels * (places[tap] ?? 0);
    const atB = channels * (places[tap + 1] ?? 0);
    const atC = channels * (places[tap + 2] ?? 0);
    const atD = channels * (places[tap + 3] ?? 0);
    into[to] = a * (from[atA] ?? 0) + b * (from[atB] ?? 0) + c * (from[atC] ?? 0) + d * (from[atD] ?? 0);
    into[to + 1] = a * (from[atA + 1] ?? 0) + b * (from[atB + 1] ?? 0) + c * (from[atC + 1] ?? 0) + d * (from[atD + 1] ?? 0);
    into[to + 2] = a * (from[atA + 2] ?? 0) + b * (from[atB + 2] ?? 0) + c * (from[atC + 2] ?? 0) + d * (from[atD + 2] ?? 0);
  }
}

/** A row moved by whole pixels. */
function copyRow({ data, width, channels }: Pixels, y: number, right: number, into: Uint8Array): void {
  const start = channels * width * y;
  const first = Math.min(into.length, Math.max(0, -right * channels));
  const end = Math.min(into.length, Math.max(first, channels * (width - right)));
  into.set(data.subarray(start + first + right * channels, start + end + right * channels), first);
  for (let to = 0; to < first; to++) into[to] = data[start + (to % channels)] ?? 0;
  for (let to = end; to < into.length; to++) into[to] = data[start + channels * (width - 1) + (to % channels)] ?? 0;
}

function isIdentity({ scaleX, shiftX, scaleY, shiftY }: Alignment): boolean {
  return scaleX === 1 && shiftX === 0 && scaleY === 1 && shiftY === 0;
}
