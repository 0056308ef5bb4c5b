import type { Box } from '../region.ts';
import { inspectBackground } from './background.ts';
import { medianBorder } from './fit.ts';
import type { Pixels, Rgb } from './pixels.ts';

/** A picture seen as the art of an icon. */
export interface IconArt {
  pixels: Pixels;
  /** A subject that may be moved and laid on its ground, or a picture that reaches its edges. */
  kind: 'cut-out' | 'on-flat-ground' | 'full-bleed';
  /** What fits around it: the flat ground's own colour, the border's median, or for a cut-out white, for a light one nearly black. */
  ground: Rgb;
  /** What is left without the ground; the whole picture when it reaches the edges. */
  subject: Box;
  /** From the middle of the subject's box to its farthest pixel, in pixels. */
  radius: number;
}

const white: Rgb = [255, 255, 255];
const nearlyBlack: Rgb = [28, 28, 30];
/** Mean luma from which a cut-out would be lost on white. */
const lightSubject = 215;
/** Alpha, and distance from the ground in any channel, that count as subject: above what JPEG and soft edges leave behind. */
const seen = { alpha: 16, distance: 32 } as const;

/**
 * What of a picture is subject and what ground, so that icons can be laid out. `small` is the same picture with fewer pixels, which are the ones looked at;
 * the subject's box is a pixel of those wider than what was seen.
 */
export function readIconArt(pixels: Pixels, small: Pixels): IconArt {
  const background = inspectBackground(small);
  const whole = { left: 0, top: 0, right: pixels.width, bottom: pixels.height };
  const scale = Math.max(pixels.width / small.width, pixels.height / small.height);
  if (background.kind === 'transparent') {
    const { box, radius, luma } = measure(small, undefined);
    return {
      pixels,
      kind: 'cut-out',
      ground: luma >= lightSubject ? nearlyBlack : white,
      subject: enlarge(box, scale, whole),
      radius: radius * scale,
    };
  }
  const fullBleed = (ground: Rgb): IconArt => ({ pixels, kind: 'full-bleed', ground, subject: whole, radius: reach(whole) });
  if (background.kind !== 'flat') return fullBleed(medianBorder(small));
  const { box, radius } = measure(small, background.colour);
  const runsOut = box.left === 0 || box.top === 0 || box.right === small.width || box.bottom === small.height;
  if (runsOut || box.right <= box.left) return fullBleed(background.colour);
  return { pixels, kind: 'on-flat-ground', ground: background.colour, subject: enlarge(box, scale, whole), radius: radius * scale };
}

/** A box of the small picture in the large one. */
function enlarge({ left, top, right, bottom }: Box, scale: number, within: Box): Box {
  if (scale === 1) return { left, top, right, bottom };
  return {
    left: Math.max(0, Math.floor((left - 0.5) * scale)),
    top: Math.max(0, Math.floor((top - 0.5) * scale)),
    right: Math.min(within.right, Math.ceil((right + 0.5) * scale)),
    bottom: Math.min(within.bottom, Math.ceil((bottom + 0.5) * scale)),
  };
}

function reach({ left, top, right, bottom }: Box): number {
  return Math.hypot(right - left, bottom - top) / 2;
}

/** The box round everything that is not ground, its reach from the box's middle, and its mean luma; an empty picture is all subject. */
function measure(pixels: Pixels, ground: Rgb | undefined): { box: Box; radius: number; luma: number } {
  const { data, width, height, channels } = pixels;
  const box = { left: width, top: height, right: 0, bottom: 0 };
  let [luma, weight] = [0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels;
      if (!isSubject(data, at, channels, ground)) continue;
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x + 1);
      box.top = Math.min(box.top, y);
      box.bottom = y + 1;
      const alpha = channels === 4 ? (data[at + 3] ?? 0) : 255;
      luma += alpha * (0.2126 * (data[at] ?? 0) + 0.7152 * (data[at + 1] ?? 0) + 0.0722 * (data[at + 2] ?? 0));
      weight += alpha;
    }
  }
  if (weight === 0) return { box: { left: 0, top: 0, right: width, bottom: height }, radius: Math.hypot(width, height) / 2, luma: 0 };
  return { box, radius: reachOfPixels(pixels, ground, box), luma: luma / weight };
}

function isSubject(data: Uint8Array, at: number, channels: number, ground: Rgb | undefined): boolean {
  if (channels === 4 && (data[at + 3] ?? 0) < seen.alpha) return false;
  if (ground === undefined) return true;
  const distance = Math.max(
    Math.abs((data[at] ?? 0) - ground[0]),
    Math.abs((data[at + 1] ?? 0) - ground[1]),
    Math.abs((data[at + 2] ?? 0) - ground[2]),
  );
  return distance > seen.distance;
}

/** Only the first and the last of each row can be the farthest. */
function reachOfPixels({ data, width, channels }: Pixels, ground: Rgb | undefined, box: Box): number {
  const [middleX, middleY] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  let farthest = 0;
  for (let y = box.top; y < box.bottom; y++) {
    const isThere = (x: number) => isSubject(data, (y * width + x) * channels, channels, ground);
    let [first, last] = [box.left, box.right - 1];
    while (first <= last && !isThere(first)) first++;
    if (first > last) continue;
    while (!isThere(last)) last--;
    const aside = Math.max(Math.abs(first - middleX), Math.abs(last + 1 - middleX));
    farthest = Math.max(farthest, Math.hypot(aside, Math.max(Math.abs(y - middleY), Math.abs(y + 1 - middleY))));
  }
  return farthest;
}
