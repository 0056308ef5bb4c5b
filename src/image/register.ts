import type { Pixels } from './pixels.ts';
import { findVisible, halve, halveVisible, type Region, shrinkToLuminance, smooth } from './planes.ts';
import { compareBlocks, displacementOf, improve, type Level, type Placement, warp } from './register-blocks.ts';
import { type Base, fullBlock, retry, scoreOf, search } from './register-search.ts';

/** Where the reference is found in the moving picture: a point x of the reference (continuous pixels, 0 is the left edge) is at x·scaleX + shiftX. */
export interface Alignment extends Placement {
  /** Median distance of the agreeing blocks from where the alignment puts them, in pixels of the reference. */
  residual: number;
  /** Share of what can be compared that is found where the alignment says, 0 to 1; 1 when there is nothing to compare. */
  agreement: number;
  /** How many blocks know their place; 0 when there are too few, all being flat or smooth, and then the sizes alone decide. */
  blocks: number;
}

/** Longest edge the pictures are compared at; half a pixel of 4096 is an eighth of a pixel here, and the fit is good to some hundredths. */
const workingEdge = 1024;
/** Size of the smallest level, where every placement within reach is tried. */
const searchEdge = 96;
/** Below this share the two are different pictures: of 30 pairs of the same picture, redrawn in places, each had 0.8 and more; of 108 others none had this. */
const leastAgreement = 0.45;
/** A block knows its place when its standard error is below a quarter of a pixel; this many must, or the place is not known. */
const leastInformation = 16;
const leastCertain = 3;

/**
 * Finds the reference in a moving picture that was shifted (by up to about 5 % of its edge), scaled (±6 %, edges apart by a percent), recoloured, compressed,
 * redrawn in places, and has any size; of other proportions when stretched, cropped or extended around the centre. `ignore` is not looked at.
 * Coarse to fine: all placements of a tiny version are tried, the best few are refined on larger ones by blocks that vote with what they are sure of.
 * Undefined when it is another picture. Where all is flat or a smooth ramp nobody can see a shift, and the pictures are taken to lie as their sizes say.
 */
export function register(reference: Pixels, moving: Pixels, ignore?: Region): Alignment | undefined {
  const { levels, toReference, toMoving } = buildLevels(reference, moving, ignore);
  const finest = levels.at(-1);
  if (finest === undefined) return undefined;
  let candidates = search(levels[0] ?? finest, toBases(finest));
  for (const [index, level] of levels.entries()) {
    if (index === 1) candidates.push(retry(level, toBases(finest)));
    candidates = candidates.map((candidate) => refine(level, candidate, level === finest ? 1 : 3));
    if (index > 0) candidates = keepBest(level, candidates, Math.max(1, 4 - 2 * index));
    if (level !== finest)
      candidates = candidates.map(({ scaleX, shiftX, scaleY, shiftY }) => ({ scaleX, shiftX: 2 * shiftX, scaleY, shiftY: 2 * shiftY }));
  }
  const [best] = candidates;
  if (best === undefined) return undefined;
  const found = judge(levels, best);
  const asSized = toBases(finest)[0]?.(finest) ?? best;
  const unsure = found.certain < leastCertain;
  const [placement, judged] = unsure ? [asSized, judge(levels, asSized)] : [best, found];
  if (judged.agreement < leastAgreement) return undefined;
  return {
    scaleX: (placement.scaleX * toReference.x) / toMoving.x,
    shiftX: placement.shiftX / toMoving.x,
    scaleY: (placement.scaleY * toReference.y) / toMoving.y,
    shiftY: placement.shiftY / toMoving.y,
    residual: judged.residual / Math.min(toReference.x, toReference.y),
    agreement: judged.agreement,
    blocks: unsure ? 0 : judged.certain,
  };
}

interface Scale {
  x: number;
  y: number;
}

/** Both pictures as luminance from small to large; the moving one no larger than the reference, since it would only be noisier. */
function buildLevels(reference: Pixels, moving: Pixels, ignore: Region | undefined) {
  const shrink = Math.min(1, workingEdge / Math.max(reference.width, reference.height));
  const size = { width: Math.max(1, Math.round(reference.width * shrink)), height: Math.max(1, Math.round(reference.height * shrink)) };
  const shrinkMoving = Math.min(1, Math.max(size.width / moving.width, size.height / moving.height));
  const movingSize = {
    width: Math.max(1, Math.round(moving.width * shrinkMoving)),
    height: Math.max(1, Math.round(moving.height * shrinkMoving)),
  };
  let level: Level = {
    reference: smooth(shrinkToLuminance(reference, size.width, size.height)),
    visible: findVisible(reference, ignore, size.width, size.height),
    moving: smooth(shrinkToLuminance(moving, movingSize.width, movingSize.height)),
  };
  const levels = [level];
  while (
    Math.max(level.reference.width, level.reference.height) > searchEdge &&
    Math.min(level.reference.width, level.reference.height) >= 24
  ) {
    const { width, height } = level.reference;
    level = { reference: halve(level.reference), visible: halveVisible(level.visible, width, height), moving: halve(level.moving) };
    levels.unshift(level);
  }
  return {
    levels,
    toReference: { x: size.width / reference.width, y: size.height / reference.height },
    toMoving: { x: movingSize.width / moving.width, y: movingSize.height / moving.height },
  };
}

/** How a picture of these proportions may have been brought to those: stretched, and where that would distort, cropped or extended around the centre. */
function toBases({ reference, moving }: Level): Base[] {
  const stretched: Scale = { x: moving.width / reference.width, y: moving.height / reference.height };
  const distortion = Math.max(stretched.x, stretched.y) / Math.min(stretched.x, stretched.y);
  const scales: Scale[] = [stretched];
  if (distortion > 1.01)
    for (const even of [Math.max(stretched.x, stretched.y), Math.min(stretched.x, stretched.y)]) scales.push({ x: even, y: even });
  return scales.map((scale) => (level) => ({
    scaleX: scale.x,
    shiftX: ((stretched.x - scale.x) * level.reference.width) / 2,
    scaleY: scale.y,
    shiftY: ((stretched.y - scale.y) * level.reference.height) / 2,
  }));
}

function refine(level: Level, start: Placement, steps: number): Placement {
  let placement = start;
  for (let step = 0; step < steps; step++) {
    const blocks = compareBlocks(level, warp(level.moving, placement, level.reference), fullBlock);
    placement = improve(placement, blocks, level.reference, step === 0 ? 3 : 1);
  }
  return placement;
}

function keepBest(level: Level, candidates: readonly Placement[], count: number): Placement[] {
  if (candidates.length <= 1) return [...candidates];
  return candidates
    .map((placement) => ({
      placement,
      score: scoreOf(compareBlocks(level, warp(level.moving, placement, level.reference), fullBlock, false)),
    }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ placement }) => placement);
}

/** Whether the placement is to be believed, judged at half the working size, where redrawn grass is still the same grass. */
function judge(levels: readonly Level[], placement: Placement): { agreement: number; residual: number; certain: number } {
  const level = levels.at(-2) ?? levels.at(-1);
  if (level === undefined) return { agreement: 1, residual: 0, certain: 0 };
  const factor = levels.length > 1 ? 2 : 1;
  const half = { ...placement, shiftX: placement.shiftX / factor, shiftY: placement.shiftY / factor };
  const seen = compareBlocks(level, warp(level.moving, half, level.reference), fullBlock).filter(({ structure }) => structure > 0.3);
  const distances: number[] = [];
  let [supporting, certain] = [0, 0];
  for (const block of seen) {
    const { x, y } = displacementOf(block);
    const distance = Math.hypot(x, y);
    if (block.correlation < 0.6 || distance > 1.5) continue;
    supporting++;
    if (block.xx + block.yy < leastInformation) continue;
    certain++;
    distances.push(distance * factor);
  }
  distances.sort((a, b) => a - b);
  return { agreement: seen.length === 0 ? 1 : supporting / seen.length, residual: distances[distances.length >> 1] ?? 0, certain };
}
