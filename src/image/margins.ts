import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Pixels, Rgb } from './pixels.ts';

/** A part of a picture, in pixels from its upper left corner; `right` and `bottom` are the first that are outside. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Samples along each edge: enough for a median, few enough to take a millisecond. */
const samples = 768;

/** Width of the ring that stands for a picture's border, as a share of its shorter edge. */
const borderShare = 0.02;

/** The median colour of a picture's border, channel by channel: it ignores what runs out of the picture here and there. */
export function medianBorder(pixels: Pixels): Rgb {
  return [medianOfBorder(pixels, 0), medianOfBorder(pixels, 1), medianOfBorder(pixels, 2)];
}

function medianOfBorder(pixels: Pixels, channel: number): number {
  const { width, height } = pixels;
  const ring = Math.max(1, Math.round(Math.min(width, height) * borderShare));
  const counts = new Uint32Array(256);
  tally(pixels, channel, counts, { left: 0, top: 0, right: width, bottom: ring });
  tally(pixels, channel, counts, { left: 0, top: height - ring, right: width, bottom: height });
  tally(pixels, channel, counts, { left: 0, top: 0, right: ring, bottom: height });
  tally(pixels, channel, counts, { left: width - ring, top: 0, right: width, bottom: height });
  return median(counts);
}

/** Adds the values of one channel inside a box, about every `width / samples`th pixel. */
function tally({ data, width, height, channels }: Pixels, channel: number, counts: Uint32Array, { left, top, right, bottom }: Box): void {
  const [stepX, stepY] = [Math.min(right - left, Math.ceil(width / samples)), Math.min(bottom - top, Math.ceil(height / samples))];
  for (let y = top; y < bottom; y += stepY) {
    for (let x = left; x < right; x += stepX) {
      const value = data[(y * width + x) * channels + channel] ?? 0;
      counts[value] = (counts[value] ?? 0) + 1;
    }
  }
}

function median(counts: Uint32Array): number {
  const half = counts.reduce((sum, count) => sum + count, 0) / 2;
  let below = 0;
  return counts.findIndex((count) => {
    below += count;
    return below >= half;
  });
}

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
  const isMargin = marginTest(pixels);
  const yieldAfter = turns();
  /** How many pixels of a row are margin, counted from one end to at most `limit`. */
  const count = (y: number, limit: number, fromRight: boolean) => {
    const [start, step] = fromRight ? [y * width + width - 1, -1] : [y * width, 1];
    let margin = 0;
    while (margin < limit && isMargin(start + step * margin)) margin += 1;
    return margin;
  };
  let top = 0;
  for (; top < height && count(top, width, false) === width; top += 1) await yieldAfter(width);
  if (top === height) return undefined;
  let bottom = height;
  for (; count(bottom - 1, width, false) === width; bottom -= 1) await yieldAfter(width);
  let [left, right] = [width, width];
  for (let y = top; y < bottom; y += 1) {
    left = count(y, left, false);
    right = count(y, right, true);
    await yieldAfter(left + right);
  }
  return { left, top, right: width - right, bottom };
}

/** Whether the pixel of this number belongs to the margin. */
function marginTest(pixels: Pixels): (index: number) => boolean {
  const { data, channels } = pixels;
  const border = medianBorder(pixels);
  const alpha = channels === 4 ? medianOfBorder(pixels, 3) : 255;
  if (alpha <= empty) return (index) => (data[index * 4 + 3] ?? 0) <= empty;
  const [red, green, blue] = border;
  const isNear = (index: number, value: number) => Math.abs((data[index] ?? 0) - value) <= tolerance;
  return (index) => {
    const at = index * channels;
    return isNear(at, red) && isNear(at + 1, green) && isNear(at + 2, blue) && (channels === 3 || isNear(at + 3, alpha));
  };
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
