/** Decoded pixels: 8 bits a channel, sRGB, upright, rows from the top without padding; four channels when the last is alpha, not premultiplied. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3 | 4;
}

/** Red, green and blue, 0 to 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number];
