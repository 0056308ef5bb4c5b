import type { Size } from '../media.ts';
import { type Block, compareBlocks, type Level, type Placement, warp } from './register-blocks.ts';

/** Where a level's pictures may lie on each other before anything is known but their sizes. */
export type Base = (level: Level) => Placement;

/** Edges of a block: on the smallest level, and on the others. */
const searchBlock = 8;
export const fullBlock = 16;

/** Scales that are tried, as differences from what the sizes say. */
const growths = [0, -0.02, 0.02, -0.04, 0.04, -0.06, 0.06];

/** Each base grown around the picture's centre. */
function startsOf(level: Level, bases: readonly Base[], grows: readonly number[]): Placement[] {
  const { width, height } = level.reference;
  return bases
    .map((toPlacement) => toPlacement(level))
    .flatMap((base) =>
      grows.map((grow) => ({
        scaleX: base.scaleX * (1 + grow),
        shiftX: base.shiftX - (base.scaleX * grow * width) / 2,
        scaleY: base.scaleY * (1 + grow),
        shiftY: base.shiftY - (base.scaleY * grow * height) / 2,
      })),
    );
}

/** Tries every scale and shift within reach on the smallest level; the few best that differ, nearest to untouched first among equals. */
export function search(level: Level, bases: readonly Base[]): Placement[] {
  const { width, height } = level.reference;
  const reach = { x: Math.min(8, Math.ceil(width * 0.055)), y: Math.min(8, Math.ceil(height * 0.055)) };
  const effortCost = (0.3 * width * height) / searchBlock ** 2;
  const tried: { placement: Placement; score: number }[] = [];
  for (const grow of growths) {
    for (const placement of startsOf(level, bases, [grow])) {
      const margin = Math.max(reach.x, reach.y);
      const warped = warp(level.moving, placement, level.reference, margin);
      for (let y = -reach.y; y <= reach.y; y++) {
        for (let x = -reach.x; x <= reach.x; x++) {
          const effort = Math.hypot(x / width, y / height) + Math.abs(grow);
          const score = scoreOf(compareBlocks(level, warped, searchBlock, false, { margin, x, y })) - effortCost * effort;
          tried.push({
            placement: { ...placement, shiftX: placement.shiftX + x * placement.scaleX, shiftY: placement.shiftY + y * placement.scaleY },
            score,
          });
        }
      }
    }
  }
  tried.sort((a, b) => b.score - a.score);
  const kept: Placement[] = [];
  for (const { placement } of tried) {
    if (kept.length === 4) break;
    if (kept.every((other) => distance(other, placement, level.reference) > 1.5)) kept.push(placement);
  }
  return kept;
}

/**
 * The best of a few scales and of shifts by up to three pixels each way: what repeats finely is a blur on the smallest level and can only be told
 * apart on the next.
 */
export function retry(level: Level, bases: readonly Base[]): Placement {
  const reach = 3;
  const starts = startsOf(level, bases.slice(0, 1), growths.slice(0, 5));
  let [best, bestScore]: [Placement, number] = [starts[0] ?? { scaleX: 1, shiftX: 0, scaleY: 1, shiftY: 0 }, Number.NEGATIVE_INFINITY];
  for (const start of starts) {
    const warped = warp(level.moving, start, level.reference, reach);
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const score = scoreOf(compareBlocks(level, warped, fullBlock, false, { margin: reach, x, y })) * (1 - 0.002 * Math.hypot(x, y));
        if (score <= bestScore) continue;
        bestScore = score;
        best = { ...start, shiftX: start.shiftX + x * start.scaleX, shiftY: start.shiftY + y * start.scaleY };
      }
    }
  }
  return best;
}

/** How well a placement does: the correlations of all blocks, by how much there is to see in each. Not a mean, so that a small overlap does not win. */
export function scoreOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { correlation, structure }) => sum + Math.max(0, correlation) * structure, 0);
}

/** The furthest that two placements take a corner apart, in pixels of the moving picture. */
function distance(a: Placement, b: Placement, { width, height }: Size): number {
  const x = Math.max(Math.abs(a.shiftX - b.shiftX), Math.abs(a.shiftX - b.shiftX + width * (a.scaleX - b.scaleX)));
  const y = Math.max(Math.abs(a.shiftY - b.shiftY), Math.abs(a.shiftY - b.shiftY + height * (a.scaleY - b.scaleY)));
  return Math.max(x, y);
}
