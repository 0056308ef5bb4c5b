import { fromMiddle } from './matte.ts';
import type { Pixels, Rgb } from './pixels.ts';
import { type Alignment, alignShots, unmoved } from './two-shot-align.ts';
import { readAligned } from './two-shot-rows.ts';

/** Channels that disagree on alpha by more than this, or a second shot brighter than the first by more than this, contradict each other. */
const contradiction = { spread: 0.12, brighter: 0.06 } as const;
/** Alpha from which a pixel is the subject's. */
const subjectFrom = 0.05;
/** An alignment is believed when it takes away a tenth of the contradictions, or much of the misfit; else a false one would blur a good pair. */
const fewerContradictions = 0.9;
const lessMisfit = 0.6;
/** Shots that fit like this are not aligned at all, which saves the time: they are within half a pixel of each other even where colours are weak. */
const fitting = { bad: 0.0002, misfit: 0.0004 } as const;
/** Misfits this near to each other are equal: interpolating lowers the misfit of noise by blurring it. */
const equal = 1.03;
/** Squared differences above this are no larger misfit: what was redrawn must not outweigh the rest. */
const largestMisfit = 0.04;
/** Pixels that are looked at to compare alignments, in rows an odd number apart, so that they see all lines of JPEG's blocks. */
const comparedPixels = 200_000;

/** How badly two shots fit: the part of the subject's pixels that contradict each other, and the mean squared disagreement of the channels. */
interface Fit {
  alignment: Alignment;
  bad: number;
  misfit: number;
}

/**
 * The simplest alignment that fits: none when moving does not help; of those that help as much, whole pixels (which leave every value as it is) before
 * fractions, and a shift before a shift with a scale. `bad` is the part of the subject's pixels that contradict each other, 0 to 1.
 */
export function chooseAlignment(white: Pixels, black: Pixels, apart: Rgb): Fit {
  const measure = (alignment: Alignment) => measureFit(white, black, apart, alignment);
  const start = unmoved(white, black);
  const asItIs = measure(start);
  if (asItIs.bad < fitting.bad && asItIs.misfit < fitting.misfit) return asItIs;
  const whole = alignShots(white, black, apart);
  const [x, y] = [
    middleShift(whole.scaleX, start.scaleX, whole.shiftX, white.width),
    middleShift(whole.scaleY, start.scaleY, whole.shiftY, white.height),
  ];
  const simplestFirst = [
    { ...start, shiftX: Math.round(x), shiftY: Math.round(y) },
    { ...start, shiftX: x, shiftY: y },
  ];
  const best = measure(whole);
  const fits = [...simplestFirst.map(measure), best];
  const least = Math.min(...fits.map(({ misfit }) => misfit));
  const chosen = fits.find(({ misfit }) => misfit <= equal * least) ?? best;
  return chosen.bad < fewerContradictions * asItIs.bad || chosen.misfit < lessMisfit * asItIs.misfit ? chosen : asItIs;
}

/** How far the middle of the picture moves. */
function middleShift(scale: number, from: number, shift: number, size: number): number {
  return shift + ((scale - from) * size) / 2;
}

function measureFit(white: Pixels, black: Pixels, apart: Rgb, alignment: Alignment): Fit {
  const rows = readAligned(black, alignment, white.width);
  const every = Math.ceil((white.width * white.height) / comparedPixels) | 1;
  let bad = 0;
  let subject = 0;
  let misfit = 0;
  for (const y of fromMiddle(white.height, every)) {
    const row = rows.read(y);
    for (let x = 0; x < white.width; x++) {
      const w = white.channels * (y * white.width + x);
      const b = rows.stride * x;
      const red = ((white.data[w] ?? 0) - (row[b] ?? 0)) / apart[0];
      const green = ((white.data[w + 1] ?? 0) - (row[b + 1] ?? 0)) / apart[1];
      const blue = ((white.data[w + 2] ?? 0) - (row[b + 2] ?? 0)) / apart[2];
      if (red + green + blue > 3 * (1 - subjectFrom)) continue;
      subject++;
      if (contradict(red, green, blue)) bad++;
      misfit += Math.min(largestMisfit, spread(red, green, blue) ** 2);
    }
  }
  return { alignment, bad: bad / Math.max(1, subject), misfit: misfit / Math.max(1, subject) };
}

/** Whether the channels tell different alphas, each being what the ground shows through in one. */
function contradict(red: number, green: number, blue: number): boolean {
  return spread(red, green, blue) > contradiction.spread || red + green + blue < -3 * contradiction.brighter;
}

function spread(red: number, green: number, blue: number): number {
  return Math.max(red, green, blue) - Math.min(red, green, blue);
}
