/**
 * How bright a flat background is from place to place, in units of its measured colour: 1 + a quadratic in x and y, which follows a vignette
 * or a slow gradient. `terms` belong to 1, u, v, u², uv, v² with u and v from -1 to 1 over the picture.
 */
export interface Ground {
  terms: readonly number[];
  /** Alpha nearer to 0 than this is background: what noise leaves, 0.006 to 0.05. */
  noise: number;
}

/** Samples a row and rows, on a grid over the whole picture. */
const grid = 96;
/** Values at the border this far from 1 are background; further inside only what the border's surface foretells this well. */
const tolerance = { border: 0.1, inside: 0.015 } as const;
/** A surface flatter than this is measured as 1 everywhere, so that a clean background stays exact. */
const leastRelief = 0.008;

interface Sample {
  u: number;
  v: number;
  value: number;
}

/**
 * The surface of a background. `shareAt` says how much of the background's colour a pixel shows, 1 where it is nothing else; it is asked
 * row by row from the top.
 */
export function fitGround(width: number, height: number, shareAt: (x: number, y: number) => number): Ground {
  const [border, inside]: [Sample[], Sample[]] = [[], []];
  const [across, down] = [spread(width), spread(height)];
  for (const [row, y] of down.entries()) {
    const isEdge = row < 2 || row >= down.length - 2;
    for (const [column, x] of across.entries()) {
      const sample = { u: (2 * x + 1) / width - 1, v: (2 * y + 1) / height - 1, value: shareAt(x, y) };
      if (Math.abs(sample.value - 1) > tolerance.border) continue;
      if (isEdge || column < 2 || column >= across.length - 2) border.push(sample);
      else inside.push(sample);
    }
  }
  const first = fitQuadratic(border);
  const foretold = inside.filter((sample) => Math.abs(sample.value - valueAt(first, sample)) < tolerance.inside);
  const fitted = fitQuadratic([...border, ...foretold]);
  const heights = [...border, ...foretold].map((sample) => valueAt(fitted, sample));
  const relief = heights.length === 0 ? 0 : Math.max(...heights) - Math.min(...heights);
  const terms = relief < leastRelief ? [1, 0, 0, 0, 0, 0] : fitted;
  return { terms, noise: findNoise(border, terms) };
}

/** Whether a ground is equally bright everywhere. */
export function isFlat({ terms }: Ground): boolean {
  return terms.every((term, index) => term === (index === 0 ? 1 : 0));
}

/** The ground along one row, as start, step and step of the step, so that a loop over x only adds. */
export function groundAlong({ terms }: Ground, y: number, width: number, height: number): [start: number, step: number, bend: number] {
  const [one = 1, byU = 0, byV = 0, byUU = 0, byUV = 0, byVV = 0] = terms;
  const [v, du, u] = [(2 * y + 1) / height - 1, 2 / width, 1 / width - 1];
  const [linear, square] = [byU + byUV * v, byUU];
  const start = one + byV * v + byVV * v * v + linear * u + square * u * u;
  return [start, linear * du + square * (2 * u * du + du * du), 2 * square * du * du];
}

/** The 99th part in a hundred of how far the border strays from its surface, and a third more. */
function findNoise(border: readonly Sample[], terms: readonly number[]): number {
  const strays = border.map((sample) => Math.abs(sample.value / valueAt(terms, sample) - 1)).sort((a, b) => a - b);
  return Math.min(0.05, Math.max(0.006, 1.33 * (strays[Math.floor(0.99 * strays.length)] ?? 0)));
}

/** At most `grid` places over a length, the outermost two of both ends among them. */
function spread(length: number): number[] {
  if (length <= grid) return Array.from({ length }, (_, place) => place);
  return [
    0,
    1,
    ...Array.from({ length: grid - 4 }, (_, place) => 2 + Math.round(((length - 5) * (place + 0.5)) / (grid - 4))),
    length - 2,
    length - 1,
  ];
}

const toTerms = ({ u, v }: Sample) => [1, u, v, u * u, u * v, v * v];

function valueAt(terms: readonly number[], sample: Sample): number {
  return toTerms(sample).reduce((sum, factor, index) => sum + factor * (terms[index] ?? 0), 0);
}

/** Least squares by the normal equations; what too few samples leave open is taken to be flat. */
function fitQuadratic(samples: readonly Sample[]): number[] {
  const size = 6;
  const rows = Array.from({ length: size }, (_, row) =>
    Array.from({ length: size + 1 }, (_, column) => (row === column ? 1e-6 * (samples.length + 1) : 0)),
  );
  for (const sample of samples) {
    const factors = [...toTerms(sample), sample.value - 1];
    rows.forEach((row, index) => {
      for (let column = 0; column <= size; column++) row[column] = (row[column] ?? 0) + (factors[index] ?? 0) * (factors[column] ?? 0);
    });
  }
  for (let pivot = 0; pivot < size; pivot++) {
    const from = rows[pivot] ?? [];
    for (let other = 0; other < size; other++) {
      const row = rows[other];
      if (other === pivot || !row) continue;
      const factor = (row[pivot] ?? 0) / (from[pivot] ?? 1);
      for (let column = pivot; column <= size; column++) row[column] = (row[column] ?? 0) - factor * (from[column] ?? 0);
    }
  }
  const terms = rows.map((row, index) => (row[size] ?? 0) / (row[index] ?? 1));
  return terms.map((term, index) => (index === 0 ? term + 1 : term));
}
