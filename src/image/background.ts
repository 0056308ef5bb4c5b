import type { Pixels, Rgb } from './pixels.ts';

/**
 * What a picture's border is. `share` is the part of the border, 0 to 1, that is so. `flat`: one colour, the border's median, even where a subject runs out
 * of the picture. `checkerboard`: two greys in turn, which is a model's idea of transparency. `transparent`: really transparent.
 */
export type Background =
  | { kind: 'flat'; colour: Rgb; share: number }
  | { kind: 'checkerboard'; colours: readonly [Rgb, Rgb]; share: number }
  | { kind: 'transparent'; share: number }
  | { kind: 'busy'; share: number };

/** The border looked at, as a part of the shorter edge, and at how many lines within it. */
const borderPart = 0.02;
const maxLines = 6;
/** How far from its median a flat border strays in any channel; JPEG, noise and a slight vignette stay within. */
const flatness = 14;
/** Flat, whatever strands reach the edge here and there; and flat with a subject that runs out of the picture, which then does so in a few long stretches, where patterns alternate. */
const mainlyFlat = 0.85;
const mostlyFlat = 0.5;
const maxStretches = 8;
/** An unbroken stretch of one colour this long is a background too, however often the rest of the border changes. */
const unbroken = 0.5;
/** A checkerboard's greys: how far the channels of a grey may lie apart, and how much of the border is grey. */
const greyness = 14;
const mostlyGrey = 0.6;
/** The two levels: how far apart at least, what belongs to one, how much of the greys both are, how much of that the rarer, how deep the valley between. */
const leastStep = 8;
const levelWidth = 6;
const bothLevels = 0.6;
const rarerLevel = 0.25;
const valley = 0.4;
/** A line round the picture crosses at least this many cells. */
const leastTurns = 8;

interface Line {
  /** Red, green and blue of the pixels of one closed line along the border, in order. */
  data: Uint8Array;
  length: number;
}

/** What the outermost 2 % of a picture are; costs next to nothing. Of a picture of four channels the transparent pixels are left out. */
export function inspectBackground(pixels: Pixels): Background {
  const depth = Math.max(1, Math.round(Math.min(pixels.width, pixels.height) * borderPart));
  const count = Math.min(depth, maxLines);
  const lines = Array.from({ length: count }, (_, line) => readLine(pixels, Math.floor((line * depth) / count)));
  const total = lines.reduce((sum, { places }) => sum + places, 0);
  const opaque = lines.reduce((sum, { line }) => sum + line.length, 0);
  if (opaque < total / 2) return { kind: 'transparent', share: 1 - opaque / total };
  const seen = lines.map(({ line }) => line);
  return findCheckerboard(seen) ?? findFlat(seen);
}

function findFlat(lines: readonly Line[]): Background {
  const colour = medianColour(lines);
  const share = mean(lines.map((line) => shareOf(line, (offset) => isNear(line.data, offset, colour, flatness))));
  const stretches = Math.max(...lines.map((line) => countStretches(line, (offset) => isNear(line.data, offset, colour, flatness))));
  const longest = Math.min(
    ...lines.map((line) => longestStretch(line, (offset) => isNear(line.data, offset, colour, flatness)) / Math.max(1, line.length)),
  );
  const flat = share >= mainlyFlat || longest >= unbroken || (share >= mostlyFlat && stretches <= maxStretches);
  return flat ? { kind: 'flat', colour, share } : { kind: 'busy', share };
}

/** Two greys, each a good part of the border, that take turns along it. */
function findCheckerboard(lines: readonly Line[]): Background | undefined {
  const histogram = new Uint32Array(256);
  let [grey, all] = [0, 0];
  for (const { data, length } of lines) {
    for (let offset = 0; offset < 3 * length; offset += 3) {
      if (!isGrey(data, offset)) continue;
      const level = luma(data, offset);
      histogram[level] = (histogram[level] ?? 0) + 1;
      grey++;
    }
    all += length;
  }
  if (all === 0 || grey / all < mostlyGrey) return undefined;
  const levels = findTwoLevels(histogram, grey);
  if (!levels) return undefined;
  const middle = (levels[0] + levels[1]) / 2;
  const isHigh =
    ({ data }: Line) =>
    (offset: number) =>
      luma(data, offset) > middle;
  const turns = Math.max(...lines.map((line) => 2 * countStretches(line, isHigh(line))));
  if (turns < leastTurns) return undefined;
  const side = (high: boolean) => medianColour(lines, (data, offset) => isGrey(data, offset) && luma(data, offset) > middle === high);
  return { kind: 'checkerboard', colours: [side(true), side(false)], share: grey / all };
}

/** The two levels that most of a histogram is made of, with a valley between them; what else there is may be the subject's. */
function findTwoLevels(histogram: Uint32Array, total: number): [number, number] | undefined {
  const smooth = histogram.map((count, level) => count + (histogram[level - 1] ?? 0) + (histogram[level + 1] ?? 0));
  const highest = (counts: (level: number) => boolean) =>
    smooth.reduce((best, count, level) => (counts(level) && count > (smooth[best] ?? 0) ? level : best), 0);
  const first = highest(() => true);
  const second = highest((level) => Math.abs(level - first) >= leastStep);
  const around = (peak: number) =>
    histogram.reduce((sum, count, level) => (Math.abs(level - peak) <= levelWidth && isNearer(level, peak) ? sum + count : sum), 0);
  const isNearer = (level: number, peak: number) => Math.abs(level - peak) <= Math.abs(level - (peak === first ? second : first));
  const [most, least] = [around(first), around(second)];
  if (most + least < bothLevels * total || Math.min(most, least) < rarerLevel * (most + least)) return undefined;
  const between = smooth.subarray(Math.min(first, second), Math.max(first, second));
  if (between.reduce((low, count) => Math.min(low, count), total) > valley * Math.min(smooth[first] ?? 0, smooth[second] ?? 0))
    return undefined;
  return [first, second];
}

/** The pixels of the closed line `inset` pixels inside the edge, clockwise; `places` counts the transparent ones as well. */
function readLine({ data, width, height, channels }: Pixels, inset: number): { line: Line; places: number } {
  const [right, bottom] = [width - 1 - inset, height - 1 - inset];
  const line = { data: new Uint8Array(6 * (width + height)), length: 0 };
  let places = 0;
  const read = (x: number, y: number) => {
    const from = channels * (y * width + x);
    places++;
    if (channels === 4 && (data[from + 3] ?? 0) < 128) return;
    line.data.set(data.subarray(from, from + 3), 3 * line.length++);
  };
  for (let x = inset; x <= right; x++) read(x, inset);
  for (let y = inset + 1; y <= bottom; y++) read(right, y);
  for (let x = right - 1; x >= inset && bottom > inset; x--) read(x, bottom);
  for (let y = bottom - 1; y > inset && right > inset; y--) read(inset, y);
  return { line, places };
}

function medianColour(lines: readonly Line[], counts: (data: Uint8Array, offset: number) => boolean = () => true): Rgb {
  const histograms = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(256)] as const;
  for (const { data, length } of lines) {
    for (let offset = 0; offset < 3 * length; offset += 3) {
      if (!counts(data, offset)) continue;
      increment(histograms[0], data[offset] ?? 0);
      increment(histograms[1], data[offset + 1] ?? 0);
      increment(histograms[2], data[offset + 2] ?? 0);
    }
  }
  return [median(histograms[0]), median(histograms[1]), median(histograms[2])];
}

function increment(histogram: Uint32Array, level: number): void {
  histogram[level] = (histogram[level] ?? 0) + 1;
}

function median(histogram: Uint32Array): number {
  const half = histogram.reduce((sum, count) => sum + count, 0) / 2;
  let below = 0;
  return histogram.findIndex((count) => {
    below += count;
    return below >= half;
  });
}

/** In how many stretches of its closed line something does not hold. A gap of a pixel or two is no end of a stretch, since noise makes such. */
function countStretches({ length }: Line, holds: (offset: number) => boolean): number {
  let [stretches, since] = [0, 3];
  for (let pixel = 0; pixel < length; pixel++) {
    if (holds(3 * pixel)) since++;
    else {
      if (since >= 3) stretches++;
      since = 0;
    }
  }
  return stretches;
}

/** The longest stretch of a closed line in which something holds, but for gaps of a pixel or two. */
function longestStretch({ length }: Line, holds: (offset: number) => boolean): number {
  let [longest, since, missing] = [0, 0, 0];
  for (let pixel = 0; pixel < 2 * length; pixel++) {
    missing = holds(3 * (pixel % length)) ? 0 : missing + 1;
    since = missing < 3 ? since + 1 : 0;
    longest = Math.max(longest, since);
  }
  return Math.min(longest, length);
}

function shareOf({ length }: Line, holds: (offset: number) => boolean): number {
  let count = 0;
  for (let pixel = 0; pixel < length; pixel++) if (holds(3 * pixel)) count++;
  return length === 0 ? 0 : count / length;
}

function isNear(data: Uint8Array, offset: number, [red, green, blue]: Rgb, within: number): boolean {
  return (
    Math.abs((data[offset] ?? 0) - red) <= within &&
    Math.abs((data[offset + 1] ?? 0) - green) <= within &&
    Math.abs((data[offset + 2] ?? 0) - blue) <= within
  );
}

function isGrey(data: Uint8Array, offset: number): boolean {
  const [red, green, blue] = [data[offset] ?? 0, data[offset + 1] ?? 0, data[offset + 2] ?? 0];
  return Math.max(red, green, blue) - Math.min(red, green, blue) <= greyness;
}

function luma(data: Uint8Array, offset: number): number {
  return Math.round(0.299 * (data[offset] ?? 0) + 0.587 * (data[offset + 1] ?? 0) + 0.114 * (data[offset + 2] ?? 0));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
