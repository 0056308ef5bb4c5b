import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Box } from '../region.ts';
import { medianBorder, medianOfBorder } from './fit.ts';
import type { Pixels } from './pixels.ts';

/** How far each channel of a pixel may be from the margin's colour, 0 to 255; JPEG noise stays below. */
const tolerance = 10;

/** Alpha up to which a pixel is empty. */
const empty = 3;

/** Pixels looked at before others get a turn: a few milliseconds. */
const pixelsPerTurn = 250_000;

/**
 * What is left of a picture without its margins: the rows and columns at its edges that are empty where its border is empty, else of its border's median
 * colour. Undefined when nothing is left.
 */
export async function findContent(pixels: Pixels): Promise<Box | undefined> {
  const { width, height } = pixels;
  const values = marginValues(pixels);
  const isMargin = (y: number) => countMargin(pixels, values, y * width, 1, width) === width;
  const yieldAfter = turns();
  let top = 0;
  for (; top < height && isMargin(top); top += 1) await yieldAfter(width);
  if (top === height) return undefined;
  let bottom = height;
  for (; isMargin(bottom - 1); bottom -= 1) await yieldAfter(width);
  let [left, right] = [width, width];
  for (let y = top; y < bottom; y += 1) {
    left = countMargin(pixels, values, y * width, 1, left);
    right = countMargin(pixels, values, (y + 1) * width - 1, -1, right);
    await yieldAfter(left + right);
  }
  return { left, top, right: width - right, bottom };
}

/** Per channel, 1 for the values that a pixel of the margin may have. */
type MarginValues = readonly [red: Uint8Array, green: Uint8Array, blue: Uint8Array, alpha: Uint8Array];

function marginValues(pixels: Pixels): MarginValues {
  const alpha = pixels.channels === 4 ? medianOfBorder(pixels, 3) : 255;
  if (alpha <= empty) return [around(0, 255), around(0, 255), around(0, 255), around(0, empty)];
  const [red, green, blue] = medianBorder(pixels);
  return [around(red, tolerance), around(green, tolerance), around(blue, tolerance), around(alpha, tolerance)];
}

function around(value: number, distance: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, other) => (Math.abs(other - value) <= distance ? 1 : 0));
}

/** How many pixels are margin, counted from number `start` on, forwards or backwards, at most `limit`. */
function countMargin(
  { data, channels }: Pixels,
  [red, green, blue, alpha]: MarginValues,
  start: number,
  step: 1 | -1,
  limit: number,
): number {
  let at = start * channels;
  for (let count = 0; count < limit; count += 1, at += step * channels) {
    const isColour = red[data[at] ?? 0] && green[data[at + 1] ?? 0] && blue[data[at + 2] ?? 0];
    if (!isColour || (channels === 4 && !alpha[data[at + 3] ?? 0])) return count;
  }
  return limit;
}

/** Lets others have a turn whenever enough pixels were looked at. */
function turns(): (looked: number) => Promise<void> | undefined {
  let since = 0;
  return (looked) => {
    since += looked;
    if (since < pixelsPerTurn) return undefined;
    since = 0;
    return nextTurn();
  };
}
