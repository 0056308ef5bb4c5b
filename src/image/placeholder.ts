import { rgbaToThumbHash } from 'thumbhash';
import type { Rgb } from './pixels.ts';
import { openScaled } from './scale.ts';

/** What is shown until a picture has arrived. */
export interface Placeholder {
  /** A ThumbHash (https://evanw.github.io/thumbhash/) in base64, some 30 characters, from which a script draws a blurred picture. */
  hash: string;
  /** The average colour, which needs no script; undefined when something is transparent, since it would be seen through. */
  colour: Rgb | undefined;
}

/** ThumbHash takes up to 100 pixels an edge and keeps seven waves of them; half as many say the same in a quarter of the time. */
const edge = 48;

export async function makePlaceholder(bytes: Uint8Array): Promise<Placeholder> {
  const pixels = await openScaled(bytes, { width: edge, height: edge });
  const { width, height, channels, data } = pixels;
  const rgba = new Uint8Array(width * height * 4).fill(255);
  const sums: [number, number, number] = [0, 0, 0];
  let isOpaque = true;
  for (let from = 0, to = 0; to < rgba.length; from += channels, to += 4) {
    for (const channel of [0, 1, 2] as const) {
      const value = data[from + channel] ?? 0;
      rgba[to + channel] = value;
      sums[channel] += value;
    }
    if (channels === 4) rgba[to + 3] = data[from + 3] ?? 0;
    if (rgba[to + 3] !== 255) isOpaque = false;
  }
  const [red, green, blue] = sums.map((sum) => Math.round(sum / (width * height)));
  const colour: Rgb | undefined = isOpaque ? [red ?? 0, green ?? 0, blue ?? 0] : undefined;
  return { hash: Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64'), colour };
}
