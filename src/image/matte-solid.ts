import type { Pixels, Rgb } from './pixels.ts';

/** Alpha from which neighbouring pixels are one piece that may be a solid thing. */
const piece = 179;
/** A piece is solid when this part of its edge falls below `outside` within `reach` pixels: drawings and hair do, glows do not, glass is no piece. */
const sharpPart = 0.8;
const outside = 51;
const reach = 3;

/** Stretches of neighbouring pixels in one row, from the top, as columns of a table; `parent` is another stretch of the same piece, or itself. */
interface Runs {
  y: number[];
  from: number[];
  to: number[];
  parent: number[];
}

/**
 * Makes opaque, in place, the pieces of a cut-out that have sharp edges all round and a little of the key's hue inside: the key's share there was the
 * subject's own. Their edges are scaled to the piece beside them. `key` is put back into the colours it was taken out of.
 */
export function makeSolid(pixels: Pixels, key: Rgb): void {
  const runs = findRuns(pixels);
  const solid = findSolid(pixels, runs);
  // Edges are looked at first and changed last, while the alpha beside them is still there to be scaled to.
  const edges: number[] = [];
  const alphas: number[] = [];
  const note = (x: number, y: number) => {
    const offset = 4 * (y * pixels.width + x);
    const alpha = pixels.data[offset + 3] ?? 0;
    if (alpha === 0 || alpha === 255) return;
    edges.push(offset);
    alphas.push(Math.min(255, Math.round((255 * alpha) / highestAround(pixels, x, y))));
  };
  forEachSolid(runs, solid, (y, from, to) => {
    for (let x = from; x <= to; x++) if (!isInside(pixels, x, y)) note(x, y);
    for (let out = 1; out <= reach; out++) {
      if (from - out >= 0 && alphaAt(pixels, from - out, y) < piece) note(from - out, y);
      if (to + out < pixels.width && alphaAt(pixels, to + out, y) < piece) note(to + out, y);
    }
  });
  const inside: number[] = [];
  forEachSolid(runs, solid, (y, from, to) => {
    for (let x = from; x <= to; x++) if (alphaAt(pixels, x, y) < 255 && isInside(pixels, x, y)) inside.push(4 * (y * pixels.width + x));
  });
  for (const offset of inside) setAlpha(pixels.data, offset, 255, key);
  edges.forEach((offset, index) => {
    setAlpha(pixels.data, offset, alphas[index] ?? 0, key);
  });
}

function forEachSolid(runs: Runs, solid: ReadonlySet<number>, visit: (y: number, from: number, to: number) => void): void {
  runs.y.forEach((y, run) => {
    if (solid.has(rootOf(runs.parent, run))) visit(y, runs.from[run] ?? 0, runs.to[run] ?? 0);
  });
}

/** All stretches of `piece`, those that touch joined. */
function findRuns({ data, width, height }: Pixels): Runs {
  const runs: Runs = { y: [], from: [], to: [], parent: [] };
  let above = 0;
  for (let y = 0; y < height; y++) {
    const first = runs.y.length;
    let start = -1;
    for (let x = 0, offset = 4 * y * width + 3; x <= width; x++, offset += 4) {
      const within = x < width && (data[offset] ?? 0) >= piece;
      if (within && start < 0) start = x;
      if (within || start < 0) continue;
      runs.parent.push(runs.y.length);
      runs.y.push(y);
      runs.from.push(start);
      runs.to.push(x - 1);
      start = -1;
    }
    join(runs, above, first);
    above = first;
  }
  return runs;
}

/** Joins the stretches of one row, which begin at `below`, with those of the row before, which begin at `above`. */
function join({ y, from, to, parent }: Runs, above: number, below: number): void {
  let upper = above;
  let lower = below;
  if ((y[upper] ?? 0) + 1 !== y[lower]) return;
  while (upper < below && lower < y.length) {
    if ((to[upper] ?? 0) >= (from[lower] ?? 0) && (from[upper] ?? 0) <= (to[lower] ?? 0))
      parent[rootOf(parent, lower)] = rootOf(parent, upper);
    if ((to[upper] ?? 0) < (to[lower] ?? 0)) upper++;
    else lower++;
  }
}

function rootOf(parent: number[], run: number): number {
  let root = run;
  while (parent[root] !== root) {
    const next = parent[root] ?? root;
    parent[root] = parent[next] ?? next;
    root = next;
  }
  return root;
}

/** The roots of the pieces whose stretches mostly end sharply; an end at the picture's edge says nothing. */
function findSolid(pixels: Pixels, runs: Runs): Set<number> {
  const ends = new Map<number, { sharp: number; all: number }>();
  const look = (root: number, x: number, y: number, step: 1 | -1) => {
    if (x + step < 0 || x + step >= pixels.width) return;
    const count = ends.get(root) ?? { sharp: 0, all: 0 };
    ends.set(root, count);
    count.all++;
    for (let away = 1; away <= reach; away++) {
      const place = x + step * away;
      if (place < 0 || place >= pixels.width || alphaAt(pixels, place, y) >= outside) continue;
      count.sharp++;
      return;
    }
  };
  runs.y.forEach((y, run) => {
    const root = rootOf(runs.parent, run);
    look(root, runs.from[run] ?? 0, y, -1);
    look(root, runs.to[run] ?? 0, y, 1);
  });
  return new Set([...ends].filter(([, { sharp, all }]) => sharp >= sharpPart * all).map(([root]) => root));
}

/** Whether a pixel of a piece has the piece all round it, two pixels wide. */
function isInside(pixels: Pixels, x: number, y: number): boolean {
  for (let away = 1; away <= 2; away++) {
    if (x >= away && alphaAt(pixels, x - away, y) < piece) return false;
    if (x + away < pixels.width && alphaAt(pixels, x + away, y) < piece) return false;
    if (y >= away && alphaAt(pixels, x, y - away) < piece) return false;
    if (y + away < pixels.height && alphaAt(pixels, x, y + away) < piece) return false;
  }
  return true;
}

function highestAround(pixels: Pixels, x: number, y: number): number {
  let highest = 1;
  for (let row = Math.max(0, y - reach); row <= Math.min(pixels.height - 1, y + reach); row++) {
    for (let column = Math.max(0, x - reach); column <= Math.min(pixels.width - 1, x + reach); column++) {
      highest = Math.max(highest, alphaAt(pixels, column, row));
    }
  }
  return highest;
}

function alphaAt({ data, width }: Pixels, x: number, y: number): number {
  return data[4 * (y * width + x) + 3] ?? 0;
}

/** Another alpha for a pixel that shows the same over the key. */
function setAlpha(data: Uint8Array, offset: number, alpha: number, key: Rgb): void {
  const before = data[offset + 3] ?? 0;
  for (let channel = 0; channel < 3; channel++) {
    const ground = key[channel] ?? 0;
    const colour = ((data[offset + channel] ?? 0) * before + (alpha - before) * ground) / Math.max(1, alpha);
    data[offset + channel] = Math.min(255, Math.max(0, Math.round(colour)));
  }
  data[offset + 3] = alpha;
}
