export interface SearchLimits {
  maxBytes: number;
  /** The share of `maxBytes` from which a file is full enough to stop. */
  enough: number;
  /** How many encodes the search may take. */
  encodes: number;
  /** By how much the logarithm of the size is expected to fall from one way to the next. */
  decay: number;
}

/** A way that was tried, counted from 0, and the file it made. */
interface Tried {
  index: number;
  bytes: Uint8Array;
}

/** While nothing fits, guesses aim below the ceiling: sizes fall ever more slowly towards low quality. */
const aimFor = 0.85;

/**
 * Of `count` ways of encoding, from the best and largest (0) to the worst and smallest: the best whose file fits, as far as the encodes go; when none does,
 * the smallest file. Sizes fall about exponentially with quality, so the next guess is where a straight line through two known sizes meets the ceiling on a
 * logarithmic scale (regula falsi).
 */
export async function findBestFitting(count: number, limits: SearchLimits, encode: (index: number) => Promise<Uint8Array>): Promise<Tried> {
  let found: Tried = { index: 0, bytes: await encode(0) };
  const tried = [found];
  for (let index = next(tried, count, limits); index !== undefined; index = next(tried, count, limits)) {
    const candidate = { index, bytes: await encode(index) };
    tried.push(candidate);
    if (isBetter(candidate, found, limits.maxBytes)) found = candidate;
  }
  return found;
}

function isBetter(candidate: Tried, found: Tried, maxBytes: number): boolean {
  if (candidate.bytes.length > maxBytes || found.bytes.length > maxBytes) return candidate.bytes.length < found.bytes.length;
  return candidate.index < found.index;
}

/** Which of `count` ways to try next; undefined when nothing better is to be had. */
function next(tried: readonly Tried[], count: number, { maxBytes, enough, encodes, decay }: SearchLimits): number | undefined {
  const [over, overBefore] = tried.filter(({ bytes }) => bytes.length > maxBytes).sort((a, b) => b.index - a.index);
  const [fitting] = tried.filter(({ bytes }) => bytes.length <= maxBytes).sort((a, b) => a.index - b.index);
  const left = encodes - tried.length;
  if (over === undefined || left === 0 || over.index === count - 1) return undefined;
  if (fitting) {
    if (fitting.index - over.index <= 1 || fitting.bytes.length >= enough * maxBytes) return undefined;
    const guess = over.index + stepsDown(over, maxBytes, slope(over, fitting) ?? decay);
    return Math.min(fitting.index - 1, Math.max(over.index + 1, guess));
  }
  if (left === 1) return count - 1;
  const steps = stepsDown(over, aimFor * maxBytes, (overBefore && slope(overBefore, over)) ?? decay);
  return Math.min(count - 1, over.index + Math.max(1, steps));
}

/** By how much the logarithm of the size fell with each step; undefined where it did not. */
function slope(from: Tried, to: Tried): number | undefined {
  const fall = Math.log(from.bytes.length / to.bytes.length) / (to.index - from.index);
  return fall > 0 ? fall : undefined;
}

function stepsDown({ bytes }: Tried, wanted: number, fall: number): number {
  return Math.ceil(Math.log(bytes.length / wanted) / fall);
}
