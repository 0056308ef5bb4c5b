import { inspectBackground } from './background.ts';
import { clamped, fromMiddle, type Matte, type MatteFacts, measureMatte } from './matte.ts';
import { fitGround, type Ground, groundAlong, isFlat } from './matte-ground.ts';
import { fillOpaque, isRelit } from './matte-opaque.ts';
import type { Pixels, Rgb } from './pixels.ts';
import { chooseAlignment } from './two-shot-choose.ts';
import { type Rows, readAligned } from './two-shot-rows.ts';

/** The backgrounds of both shots as measured, and their distance. */
interface Grounds {
  light: Rgb;
  dark: Rgb;
  apart: Rgb;
}

/** Least distance of the two backgrounds in every channel: below, alpha has too few levels. */
const leastApart = 100;
/** Shots of one picture differ this little in shape, and this little in size. */
const sizeTolerance = 0.05;
/** A moved or redrawn second shot measured 11 to 46 %, good pairs below 3 %. Two different pictures contradict each other almost everywhere. */
const poor = 0.1;
const differentPictures = 0.5;

/**
 * Real transparency from the same picture on a light and on a dark ground: alpha is what the ground does not show through, weighted over the channels like luma,
 * and the colour is the mean of what either shot says. Neither background need be pure. The second shot may be a few percent larger or smaller, shifted and
 * scaled: it is aligned first where that helps. `white` and `black` may have three channels or four (the fourth is ignored). The result is written
 * into `white` when that has four channels, and is a new picture otherwise.
 * `failed` is one sentence about why these shots do not make a cut-out.
 */
export function twoShot(white: Pixels, black: Pixels): Matte | { failed: string } {
  const grounds = findGrounds(white, black);
  if ('failed' in grounds) return grounds;
  const { alignment, bad } = chooseAlignment(white, black, grounds.apart);
  if (bad > differentPictures) {
    return { failed: 'the picture on white and the one on black are different pictures, so no transparency can be told from them' };
  }
  const rows = readAligned(black, alignment, white.width);
  const { pixels, levels } = separate(white, rows, grounds);
  if (isRelit(levels)) fillOpaque(pixels, levels, grounds.light, grounds.dark);
  return { pixels, facts: withWarning({ ...measureMatte(pixels, grounds.light, levels), disagreement: bad }) };
}

function findGrounds(white: Pixels, black: Pixels): Grounds | { failed: string } {
  const [ratioX, ratioY] = [black.width / white.width, black.height / white.height];
  if (Math.max(Math.abs(ratioX - 1), Math.abs(ratioY - 1)) > sizeTolerance) {
    return { failed: `the two shots differ in size: ${white.width}×${white.height} and ${black.width}×${black.height}` };
  }
  const [first, second] = [inspectBackground(white), inspectBackground(black)];
  if (first.kind !== 'flat') return notFlat('white', first.kind);
  if (second.kind !== 'flat') return notFlat('black', second.kind);
  const [light, dark] = [first.colour, second.colour];
  const apart: Rgb = [light[0] - dark[0], light[1] - dark[1], light[2] - dark[2]];
  if (Math.min(...apart) >= leastApart) return { light, dark, apart };
  return { failed: `the backgrounds of the two shots are not light and dark: rgb(${light.join(' ')}) and rgb(${dark.join(' ')})` };
}

function notFlat(name: string, kind: 'checkerboard' | 'transparent' | 'busy'): { failed: string } {
  const is = { checkerboard: 'a painted checkerboard', transparent: 'transparent', busy: 'not one flat colour' }[kind];
  return { failed: `the background of the shot on ${name} is ${is}` };
}

/** Alpha and colour of every pixel, alpha next to an end set to it; and how many pixels have each alpha. */
function separate(white: Pixels, rows: Rows, grounds: Grounds): { pixels: Pixels; levels: Uint32Array } {
  const { width, height, channels, data: from } = white;
  const pixels: Pixels = { data: channels === 4 ? from : new Uint8Array(4 * width * height), width, height, channels: 4 };
  const { apart } = grounds;
  // Alpha is weighted like luma, which is what JPEG keeps at full resolution.
  const weights: Rgb = [0.299 / apart[0], 0.587 / apart[1], 0.114 / apart[2]];
  const ground = fitGround(width, height, (x, y) => {
    const row = rows.read(y);
    const shown = (channel: 0 | 1 | 2) => (from[channels * (y * width + x) + channel] ?? 0) - (row[rows.stride * x + channel] ?? 0);
    return weights[0] * shown(0) + weights[1] * shown(1) + weights[2] * shown(2);
  });
  const levels = new Uint32Array(256);
  const into = clamped(pixels.data);
  for (const y of fromMiddle(height)) separateRow(white, rows.read(y), rows.stride, y, grounds, weights, ground, into, levels);
  return { pixels, levels };
}

/** One row; a function of its own, of plain numbers, since that is what the compiler makes fast. */
function separateRow(
  { data: from, width, height, channels }: Pixels,
  row: Uint8Array,
  stride: number,
  y: number,
  { light, dark, apart }: Grounds,
  [redPart, greenPart, bluePart]: Rgb,
  ground: Ground,
  into: Uint8ClampedArray,
  levels: Uint32Array,
): void {
  const [redApart, greenApart, blueApart] = apart;
  const [redBoth, greenBoth, blueBoth] = [light[0] + dark[0] - redApart, light[1] + dark[1] - greenApart, light[2] + dark[2] - blueApart];
  const isEven = isFlat(ground);
  const nothing = 1 - ground.noise;
  const everything = Math.min(0.03, ground.noise);
  let [here, step, bend] = groundAlong(ground, y, width, height);
  let inverse = 1 / here;
  let clear = 0;
  let opaque = 0;
  const last = 4 * (y + 1) * width;
  for (let to = 4 * y * width, w = channels * y * width, b = 0; to < last; to += 4, w += channels, b += stride) {
    const wr = from[w] ?? 0;
    const wg = from[w + 1] ?? 0;
    const wb = from[w + 2] ?? 0;
    const br = row[b] ?? 0;
    const bg = row[b + 1] ?? 0;
    const bb = row[b + 2] ?? 0;
    const through = ((wr - br) * redPart + (wg - bg) * greenPart + (wb - bb) * bluePart) * inverse;
    if (through > nothing) {
      into[to] = 0;
      into[to + 1] = 0;
      into[to + 2] = 0;
      into[to + 3] = 0;
      clear++;
    } else if (through < everything) {
      into[to] = (wr + br + 1) >> 1;
      into[to + 1] = (wg + bg + 1) >> 1;
      into[to + 2] = (wb + bb + 1) >> 1;
      into[to + 3] = 255;
      opaque++;
    } else {
      const half = 0.5 / (1 - through);
      into[to] = (wr + br - through * (redBoth + here * redApart)) * half;
      into[to + 1] = (wg + bg - through * (greenBoth + here * greenApart)) * half;
      into[to + 2] = (wb + bb - through * (blueBoth + here * blueApart)) * half;
      const alpha = (255 * (1 - through) + 0.5) | 0;
      into[to + 3] = alpha;
      levels[alpha] = (levels[alpha] ?? 0) + 1;
    }
    if (isEven) continue;
    here += step;
    step += bend;
    inverse = 1 / here;
  }
  levels[0] = (levels[0] ?? 0) + clear;
  levels[255] = (levels[255] ?? 0) + opaque;
}

function withWarning(facts: MatteFacts): MatteFacts {
  if (facts.disagreement <= poor) return facts;
  const part = Math.round(100 * facts.disagreement);
  return {
    ...facts,
    warning: `The two shots contradict each other in ${part} % of the subject: the second was redrawn or moved, so edges may be doubled.`,
  };
}
