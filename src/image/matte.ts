import type { Pixels, Rgb } from './pixels.ts';

/** How good a cut-out is, measured without knowing the truth. */
export interface MatteFacts {
  /** Part of the picture that is subject, 0 to 1: the mean alpha. */
  coverage: number;
  /** Part of the pixels that are partly transparent, 0 to 1. */
  soft: number;
  /** Part of the subject's pixels where two shots contradict each other, 0 to 1; always 0 for a single picture. */
  disagreement: number;
  /**
   * How much of the background's colour is left in the edge, 0 to 1: of partly transparent pixels, how far their colour lies from that of the opaque
   * subject next to them towards the background's, weighted by alpha. 0 is none; a plain cut of an anti-aliased edge has about 0.5.
   */
  fringe: number;
  /** One plain sentence when the cut-out is poor. */
  warning?: string;
}

/** A picture of four channels whose background has become transparency. */
export interface Matte {
  pixels: Pixels;
  facts: MatteFacts;
}

/** Edge pixels that are looked at at most, and how far around each for the opaque subject. */
const maxEdgePixels = 60_000;
const reach = 4;
/** Alpha from which a pixel is the opaque subject, and within which it is edge. */
const opaque = 250;
const edge = { least: 26, most: 230 } as const;

/** The same bytes, into which numbers are written rounded and held to 0 to 255, which is quicker than doing so by hand. */
export function clamped({ buffer, byteOffset, byteLength }: Uint8Array): Uint8ClampedArray {
  return new Uint8ClampedArray(buffer, byteOffset, byteLength);
}

/**
 * Every so manieth row of a picture, those of the lower half first: its middle has background and subject, so that what goes through them is compiled once,
 * for both, where from the top it would be compiled for background alone and then anew.
 */
export function fromMiddle(height: number, every = 1): number[] {
  const first = every >> 1;
  const count = Math.max(0, Math.ceil((height - first) / every));
  return Array.from({ length: count }, (_, index) => first + every * ((index + (count >> 1)) % count));
}

/** How many pixels have each alpha, 0 to 255. */
export function countAlpha({ data }: Pixels): Uint32Array {
  const levels = new Uint32Array(256);
  for (let offset = 3; offset < data.length; offset += 4) {
    const alpha = data[offset] ?? 0;
    levels[alpha] = (levels[alpha] ?? 0) + 1;
  }
  return levels;
}

/** Coverage and softness of a cut-out, and the fringe its background left. */
export function measureMatte(pixels: Pixels, background: Rgb, levels = countAlpha(pixels)): Omit<MatteFacts, 'disagreement' | 'warning'> {
  const pixelCount = Math.max(1, pixels.width * pixels.height);
  const coverage = levels.reduce((sum, count, alpha) => sum + count * alpha, 0) / 255 / pixelCount;
  const soft = 1 - ((levels[0] ?? 0) + (levels[255] ?? 0)) / pixelCount;
  const edges = levels.subarray(edge.least, edge.most + 1).reduce((sum, count) => sum + count, 0);
  return { coverage, soft, fringe: measureFringe(pixels, background, Math.max(1, Math.ceil(edges / maxEdgePixels))) };
}

/** Looks at the edge pixels of every so manieth row. */
function measureFringe(pixels: Pixels, background: Rgb, every: number): number {
  const { data, width, height } = pixels;
  let left = 0;
  let weights = 0;
  for (let y = 0; y < height; y += every) {
    for (let x = 0; x < width; x++) {
      const offset = 4 * (y * width + x);
      const alpha = data[offset + 3] ?? 0;
      if (alpha < edge.least || alpha > edge.most) continue;
      const subject = subjectNear(pixels, x, y);
      const part = subject && towards(background, subject, data, offset);
      if (part === undefined) continue;
      left += alpha * part;
      weights += alpha;
    }
  }
  return weights === 0 ? 0 : Math.min(1, Math.max(0, left / weights));
}

/** Mean colour of the opaque pixels around a place, when there are any. */
function subjectNear({ data, width, height }: Pixels, x: number, y: number): Rgb | undefined {
  let [red, green, blue, count] = [0, 0, 0, 0];
  for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++) {
    for (let column = Math.max(0, x - reach); column <= Math.min(width - 1, x + reach); column++) {
      const offset = 4 * (row * width + column);
      if ((data[offset + 3] ?? 0) < opaque) continue;
      red += data[offset] ?? 0;
      green += data[offset + 1] ?? 0;
      blue += data[offset + 2] ?? 0;
      count++;
    }
  }
  return count === 0 ? undefined : [red / count, green / count, blue / count];
}

/** How far a pixel lies on the way from one colour to the background, -1 to 1; nothing when the two look alike. */
function towards(background: Rgb, from: Rgb, data: Uint8Array, offset: number): number | undefined {
  let [along, whole] = [0, 0];
  for (let channel = 0; channel < 3; channel++) {
    const way = (background[channel] ?? 0) - (from[channel] ?? 0);
    along += way * ((data[offset + channel] ?? 0) - (from[channel] ?? 0));
    whole += way * way;
  }
  return whole < 40 * 40 ? undefined : Math.min(1, Math.max(-1, along / whole));
}
