import type { Pixels, Rgb } from '../../src/image/pixels.ts';

/** How a model paints transparency. */
export interface Checkerboard {
  cell: number;
  light: number;
  dark: number;
  /** Where the first cell begins, in pixels. */
  phase: number;
}

/** A scene on a painted checkerboard, without alpha. */
export function layOnCheckerboard({ data, width, height }: Pixels, { cell, light, dark, phase }: Checkerboard): Pixels {
  const result = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [column, row] = [Math.floor(((pixel % width) + phase) / cell), Math.floor((Math.floor(pixel / width) + phase) / cell)];
    const ground = (column + row) % 2 === 0 ? light : dark;
    const alpha = (data[4 * pixel + 3] ?? 0) / 255;
    for (let channel = 0; channel < 3; channel++)
      result[3 * pixel + channel] = alpha * (data[4 * pixel + channel] ?? 0) + (1 - alpha) * ground + 0.5;
  }
  return { data: result, width, height, channels: 3 };
}

/** A picture all of one colour. */
export function fill(width: number, height: number, colour: Rgb): Pixels {
  const data = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) data.set(colour, 3 * pixel);
  return { data, width, height, channels: 3 };
}

/** Part of a picture. */
export function crop({ data, width, channels }: Pixels, left: number, top: number, toWidth: number, toHeight: number): Pixels {
  const result = new Uint8Array(channels * toWidth * toHeight);
  for (let y = 0; y < toHeight; y++) {
    const from = channels * ((top + y) * width + left);
    result.set(data.subarray(from, from + channels * toWidth), channels * y * toWidth);
  }
  return { data: result, width: toWidth, height: toHeight, channels };
}
