import { clamped, countAlpha, fromMiddle, type Matte, type MatteFacts, measureMatte } from './matte.ts';
import { fitGround, type Ground, groundAlong } from './matte-ground.ts';
import { makeSolid } from './matte-solid.ts';
import type { Pixels, Rgb } from './pixels.ts';

/** Alpha from which a pixel is opaque when there is little noise; noise lowers it. */
const everything = 0.985;
/** A cut-out of a picture on a key whose pixels are partly transparent to this extent is of something translucent, whose colours a key bends. */
const translucent = 0.3;

/** Below this depth, of 255, the steps of alpha are too coarse and subjects of a weak hue suffer. */
const leastDepth = 120;

/** A key colour: which channels are high in it, and how far its lowest high channel is above its highest low one. */
interface Key {
  colour: Rgb;
  high: readonly [boolean, boolean, boolean];
  depth: number;
}

/**
 * Cuts a subject off a saturated key, of which no channel need be pure. How much of the key is in a pixel is told by how far its high channels are above the
 * low ones, which in a subject without the key's hue is nothing; that part of the key is then taken out of the colour, so that no spill is left. What
 * reaches the picture's edge or is enclosed by the subject goes alike. Where a subject with sharp edges has a little of the key's hue itself it is made
 * opaque again. Alpha near its ends is set to them, by how noisy the border is. `key` is the colour of the border. The result is written into
 * `pixels` when that has four channels (their alpha is ignored), and is a new picture otherwise.
 */
export function unmixKey(pixels: Pixels, key: Rgb): Matte {
  const { width, height, channels, data } = pixels;
  const into: Pixels = { data: channels === 4 ? data : new Uint8Array(4 * width * height), width, height, channels: 4 };
  const described = describeKey(key);
  const ground = fitGround(width, height, (x, y) => {
    const from = channels * (y * width + x);
    return keyness(described.high, data[from] ?? 0, data[from + 1] ?? 0, data[from + 2] ?? 0) / described.depth;
  });
  const bytes = clamped(into.data);
  for (const y of fromMiddle(height)) unmixRow(pixels, y, described, ground, bytes);
  makeSolid(into, key);
  const levels = countAlpha(into);
  return { pixels: into, facts: withWarning({ ...measureMatte(into, key, levels), disagreement: 0 }) };
}

/** A key's high channels are those above the middle of its highest and lowest. */
function describeKey(colour: Rgb): Key {
  const middle = (Math.max(...colour) + Math.min(...colour)) / 2;
  const high = [colour[0] > middle, colour[1] > middle, colour[2] > middle] as const;
  return { colour, high, depth: Math.max(1, keyness(high, ...colour)) };
}

/** How much a colour is like the key: its lowest high channel less its highest low channel. */
function keyness(high: readonly [boolean, boolean, boolean], red: number, green: number, blue: number): number {
  const lowest = Math.min(high[0] ? red : 255, high[1] ? green : 255, high[2] ? blue : 255);
  const highest = Math.max(high[0] ? 0 : red, high[1] ? 0 : green, high[2] ? 0 : blue);
  return lowest - highest;
}

function unmixRow({ data: from, width, height, channels }: Pixels, y: number, key: Key, ground: Ground, into: Uint8ClampedArray): void {
  const { colour, depth } = key;
  const [redIsHigh, greenIsHigh, blueIsHigh] = key.high;
  const solid = Math.min(everything, 1 - Math.min(0.03, ground.noise));
  let [here, step, bend] = groundAlong(ground, y, width, height);
  let at = channels * y * width;
  let to = 4 * y * width;
  for (let x = 0; x < width; x++) {
    const red = from[at] ?? 0;
    const green = from[at + 1] ?? 0;
    const blue = from[at + 2] ?? 0;
    let lowest = 255;
    let highest = 0;
    if (redIsHigh) lowest = red;
    else highest = red;
    if (greenIsHigh) lowest = green < lowest ? green : lowest;
    else highest = green > highest ? green : highest;
    if (blueIsHigh) lowest = blue < lowest ? blue : lowest;
    else highest = blue > highest ? blue : highest;
    const shown = (lowest - highest) / (depth * here);
    const alpha = 1 - shown;
    if (alpha < ground.noise) {
      into[to] = 0;
      into[to + 1] = 0;
      into[to + 2] = 0;
      into[to + 3] = 0;
    } else if (alpha >= solid) {
      into[to] = red;
      into[to + 1] = green;
      into[to + 2] = blue;
      into[to + 3] = 255;
    } else {
      into[to] = (red - shown * here * colour[0]) / alpha;
      into[to + 1] = (green - shown * here * colour[1]) / alpha;
      into[to + 2] = (blue - shown * here * colour[2]) / alpha;
      into[to + 3] = (255 * alpha + 0.5) | 0;
    }
    at += channels;
    to += 4;
    here += step;
    step += bend;
  }
}

function withWarning(facts: MatteFacts): MatteFacts {
  const { coverage, soft, fringe } = facts;
  if (coverage < 0.002) return { ...facts, warning: 'Almost nothing is left: the subject has the colour of the background.' };
  if (soft > translucent * Math.max(coverage, soft)) {
    const part = Math.round((100 * soft) / Math.max(coverage, soft));
    return {
      ...facts,
      warning: `${part} % of the subject came out translucent, and a colour key bends the colours of translucent things.`,
    };
  }
  return fringe > 0.2 ? { ...facts, warning: 'The edge still shows the colour of the background.' } : facts;
}

/** Whether a background is saturated enough to be told from a subject by its hue alone, so that `unmixKey` serves; else `removeFlat` does. */
export function isKeyColour(colour: Rgb): boolean {
  return Math.max(...colour) - Math.min(...colour) >= leastDepth && describeKey(colour).depth >= leastDepth;
}
