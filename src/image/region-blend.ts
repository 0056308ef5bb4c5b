import type { Size } from '../media.ts';
import type { Box } from '../region.ts';
import type { Pixels } from './pixels.ts';
import type { Region } from './planes.ts';
import { findRecolouring, type Recolouring, recolourRow } from './region-colour.ts';
import { boundsOf, createWeights } from './region-mask.ts';
import { type Alignment, register } from './register.ts';
import { createRowReader } from './resample.ts';

/** What was done to bring the region of the answer into the input. */
export interface RegionFacts {
  /** Largest distance any point of the picture had moved in the answer, after allowing for its size; pixels of the input. */
  shift: number;
  /** How much larger the answer showed things than its size says: 1 is no difference. */
  scale: number;
  /** Share of the picture that comes from the answer, soft edges counted by their weight. */
  taken: number;
  /** Share of the region that is visibly not what it was. */
  changed: number;
  /** Mean change of colour made to fit the surroundings, 0 to 255. */
  recoloured: number;
  /** What the place was found by: what is seen around the region; what is seen inside too, where all around is flat; or the pictures' sizes, where all is flat. */
  placedBy: 'surroundings' | 'whole picture' | 'size';
}

/** Shares of the picture's edge: how much of the answer may be missing at its border, to be filled by its mirror image. */
const mirrored = 0.07;
/** Grey levels in one channel that are seen as a change, above JPEG and noise. */
const visibleChange = 16;
/** Largest recolouring, in grey levels, of anything around the region that is still the same picture. */
const sameColours = 130;
/** Mean recolouring, in grey levels, past which flat surroundings are not the same surroundings. */
const sameFlatColour = 48;

/**
 * Takes the region, and nothing else, from the model's answer into the input: the answer, of any size, is registered to the input by what surrounds the
 * region, recoloured to fit, and laid in with a soft edge that lies inside the region. **Writes into `input.data`**, so that a large picture is not
 * held twice; every pixel that may not change keeps its bytes, and alpha is the input's everywhere. When the answer cannot be put in place, the
 * input is left as it is and `unaligned` says why in a sentence.
 */
export function blendRegion(input: Pixels, answer: Pixels, region: Region): { pixels: Pixels; facts: RegionFacts } | { unaligned: string } {
  const bounds = boundsOf(region, input);
  if (bounds === undefined) return { unaligned: 'The mask allows no pixel to change.' };
  const placed = place(input, answer, region);
  if (placed === undefined)
    return {
      unaligned: 'Around the region the model’s answer does not show the same picture any more: it was framed anew or redrawn there.',
    };
  const { alignment, placedBy } = placed;
  const covered = coverageOf(alignment, answer, input);
  if (shareInside(bounds, covered) < 0.8)
    return { unaligned: 'The model’s answer shows another section of the picture, and not all of the region.' };
  const recolouring = findRecolouring(input, answer, alignment, region, bounds);
  if (placedBy === 'size' && (recolouring === undefined || meanOffset(recolouring) > sameFlatColour))
    return { unaligned: 'There is nothing around the region to place the model’s answer by, and its colours there are others.' };
  if (recolouring !== undefined && recolouring.limit > sameColours)
    return { unaligned: 'Around the region the model’s answer has quite other colours than the input.' };
  const counts = lay(input, answer, alignment, { region, bounds, covered }, recolouring);
  return { pixels: input, facts: { ...displacement(alignment, input, answer), ...counts, placedBy } };
}

/** By the surroundings; where they are flat, by the whole picture, as long as most of it is still there; else as the sizes say. */
function place(input: Pixels, answer: Pixels, region: Region): { alignment: Alignment; placedBy: RegionFacts['placedBy'] } | undefined {
  const bySurroundings = register(input, answer, region);
  if (bySurroundings === undefined) return undefined;
  if (bySurroundings.blocks > 0) return { alignment: bySurroundings, placedBy: 'surroundings' };
  const byAll = register(input, answer);
  if (byAll !== undefined && byAll.blocks > 0) return { alignment: byAll, placedBy: 'whole picture' };
  return { alignment: bySurroundings, placedBy: 'size' };
}

/** The part of the input that the answer shows, or may be mirrored into. */
function coverageOf({ scaleX, shiftX, scaleY, shiftY }: Alignment, answer: Size, input: Size): Box {
  const reach = (from: number, to: number, length: number) => {
    const extra = mirrored * length;
    return [from - extra <= 0 ? 0 : Math.ceil(from), to + extra >= length ? length : Math.floor(to)] as const;
  };
  const [left, right] = reach(-shiftX / scaleX, (answer.width - shiftX) / scaleX, input.width);
  const [top, bottom] = reach(-shiftY / scaleY, (answer.height - shiftY) / scaleY, input.height);
  return { left, top, right, bottom };
}

function shareInside(box: Box, within: Box): number {
  const width = Math.min(box.right, within.right) - Math.max(box.left, within.left);
  const height = Math.min(box.bottom, within.bottom) - Math.max(box.top, within.top);
  return (Math.max(0, width) * Math.max(0, height)) / ((box.right - box.left) * (box.bottom - box.top));
}

function meanOffset({ matrix, offsets }: Recolouring): number {
  const grey = [0, 1, 2].map((row) => {
    const toned = 128 * ((matrix[row * 4] ?? 0) + (matrix[row * 4 + 1] ?? 0) + (matrix[row * 4 + 2] ?? 0)) + (matrix[row * 4 + 3] ?? 0);
    return Math.abs(toned - 128);
  });
  const mean = offsets.reduce((sum, offset) => sum + Math.abs(offset), 0) / offsets.length;
  return Math.max(...grey) + mean;
}

/** How far the answer's corners are from where its size alone would put them. */
function displacement({ scaleX, shiftX, scaleY, shiftY }: Alignment, input: Size, answer: Size): { shift: number; scale: number } {
  const [growX, growY] = [(scaleX * input.width) / answer.width, (scaleY * input.height) / answer.height];
  const [moveX, moveY] = [(shiftX * input.width) / answer.width, (shiftY * input.height) / answer.height];
  const furthest = (move: number, grow: number, length: number) => Math.max(Math.abs(move), Math.abs(move + (grow - 1) * length));
  return {
    shift: Math.hypot(furthest(moveX, growX, input.width), furthest(moveY, growY, input.height)),
    scale: Math.sqrt(growX * growY),
  };
}

interface Place {
  region: Region;
  bounds: Box;
  covered: Box;
}

/** Reads, recolours and lays the answer row by row into the input. */
function lay(
  input: Pixels,
  answer: Pixels,
  alignment: Alignment,
  { region, bounds, covered }: Place,
  recolouring: Recolouring | undefined,
) {
  const read = createRowReader(answer, alignment, bounds);
  const weigh = createWeights(region, bounds, covered, input);
  let [weightSum, recoloured, changed, allowed] = [0, 0, 0, 0];
  for (let y = bounds.top; y < bounds.bottom; y++) {
    const weights = weigh(y);
    const row = read(y);
    if (recolouring !== undefined) recoloured += recolourRow(row, y, bounds.left, weights, recolouring);
    const start = (y * input.width + bounds.left) * input.channels;
    const laid = layRow(row, weights, input.data, start, input.channels);
    weightSum += laid.weightSum;
    allowed += laid.allowed;
    changed += laid.changed;
  }
  return {
    taken: weightSum / (input.width * input.height),
    changed: allowed === 0 ? 0 : changed / allowed,
    recoloured: weightSum === 0 ? 0 : recoloured / weightSum,
  };
}

/** Lays one row in; how much of it, of how many pixels, and how many of them are seen to have changed. */
function layRow(row: Float32Array, weights: Float32Array, into: Uint8Array, start: number, channels: number) {
  let [weightSum, allowed, changed] = [0, 0, 0];
  for (let x = 0, from = 0, to = start; x < weights.length; x++, from += 3, to += channels) {
    const weight = weights[x] ?? 0;
    if (weight === 0) continue;
    weightSum += weight;
    allowed++;
    const red = towards(into[to] ?? 0, row[from] ?? 0, weight);
    const green = towards(into[to + 1] ?? 0, row[from + 1] ?? 0, weight);
    const blue = towards(into[to + 2] ?? 0, row[from + 2] ?? 0, weight);
    const most = Math.max(Math.abs(red - (into[to] ?? 0)), Math.abs(green - (into[to + 1] ?? 0)), Math.abs(blue - (into[to + 2] ?? 0)));
    if (most > visibleChange) changed++;
    into[to] = red;
    into[to + 1] = green;
    into[to + 2] = blue;
  }
  return { weightSum, allowed, changed };
}

function towards(before: number, wanted: number, weight: number): number {
  const held = wanted < 0 ? 0 : wanted > 255 ? 255 : wanted;
  return (before + weight * (held - before) + 0.5) | 0;
}
