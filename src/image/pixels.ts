/** Decoded pixels: 8 bits a channel, sRGB, upright, rows from the top without padding; four channels when the last is alpha, not premultiplied. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3 | 4;
}

/** Red, green and blue, 0 to 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** A model takes "pure" colours loosely: (8, 162, 24) has been seen for (0, 255, 0). Euclidean, of 442 at most. */
const groundTolerance = 140;

/** True when a background may be the one that was asked for. */
export function isGround(seen: Rgb, asked: Rgb): boolean {
  return Math.hypot(seen[0] - asked[0], seen[1] - asked[1], seen[2] - asked[2]) <= groundTolerance;
}

/** `#rrggbb` as numbers. */
export function toRgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
