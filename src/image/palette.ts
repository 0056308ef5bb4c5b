import type { Pixels, Rgb } from './pixels.ts';

interface Cluster {
  red: number;
  green: number;
  blue: number;
  count: number;
}

/** Colours nearer than this, in steps of 8-bit RGB, are one colour that came apart by noise or compression. */
const sameColour = 12;
/** Finding the nearest of every cluster takes the square of their number; more than this are first put together by their place in the colour cube. */
const mostClusters = 512;

/**
 * The picture in at most so many colours, each pixel the nearest; what is not fully transparent is opaque. Colours that differ by noise alone become one, so
 * that a picture drawn in eight colours has eight. Clusters are merged pairwise, always the pair that costs least (Ward 1963).
 * The colours come most used first.
 */
export function limitPalette(pixels: Pixels, most: number): { pixels: Pixels; colours: readonly Rgb[] } {
  const clusters = mergeClusters(countColours(pixels), most).sort((a, b) => b.count - a.count);
  const colours = clusters.map(({ red, green, blue }): Rgb => [Math.round(red), Math.round(green), Math.round(blue)]);
  return repaint(pixels, colours);
}

/** The colours of what is seen and how often, exactly where they are few, else by cubes of 8 to 64 steps, the finest that are few enough. */
function countColours(pixels: Pixels): Cluster[] {
  for (const shift of [0, 3, 4, 5]) {
    const found = gather(pixels, shift);
    if (found.length <= mostClusters) return found;
  }
  return gather(pixels, 6);
}

function gather({ data, channels }: Pixels, shift: number): Cluster[] {
  const found = new Map<number, Cluster>();
  for (let at = 0; at < data.length; at += channels) {
    if (channels === 4 && data[at + 3] === 0) continue;
    const [red, green, blue] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
    const key = ((red >> shift) << 16) | ((green >> shift) << 8) | (blue >> shift);
    const cluster = found.get(key);
    if (cluster === undefined) found.set(key, { red, green, blue, count: 1 });
    else Object.assign(cluster, merge(cluster, { red, green, blue, count: 1 }));
  }
  return [...found.values()];
}

function merge(a: Cluster, b: Cluster): Cluster {
  const count = a.count + b.count;
  const mean = (x: number, y: number) => (x * a.count + y * b.count) / count;
  return { red: mean(a.red, b.red), green: mean(a.green, b.green), blue: mean(a.blue, b.blue), count };
}

/** A cluster and the one that costs least to merge it with. */
interface Neighbour {
  cluster: Cluster;
  nearest: Neighbour | undefined;
  cost: number;
}

/** Noise first, whatever the number; then the cheapest pairs, until they are few enough. */
function mergeClusters(clusters: readonly Cluster[], most: number): Cluster[] {
  const one = mergePairs(clusters, distance, (cost) => cost < sameColour ** 2);
  return mergePairs(one, wardCost, (_, count) => count > most);
}

function distance(a: Cluster, b: Cluster): number {
  return (a.red - b.red) ** 2 + (a.green - b.green) ** 2 + (a.blue - b.blue) ** 2;
}

function wardCost(a: Cluster, b: Cluster): number {
  return (distance(a, b) * a.count * b.count) / (a.count + b.count);
}

/** Merges the cheapest pair while it may be. Each cluster remembers its nearest, which is looked for again only when that one has changed. */
function mergePairs(clusters: readonly Cluster[], costOf: typeof wardCost, mayMerge: (cost: number, count: number) => boolean): Cluster[] {
  let left = clusters.map((cluster): Neighbour => ({ cluster, nearest: undefined, cost: Number.POSITIVE_INFINITY }));
  const findNearest = (one: Neighbour) => {
    one.cost = Number.POSITIVE_INFINITY;
    for (const other of left) {
      const cost = other === one ? Number.POSITIVE_INFINITY : costOf(one.cluster, other.cluster);
      if (cost < one.cost) Object.assign(one, { nearest: other, cost });
    }
  };
  left.forEach(findNearest);
  while (left.length > 1) {
    const cheapest = left.reduce((best, one) => (one.cost < best.cost ? one : best));
    const gone = cheapest.nearest;
    if (gone === undefined || !mayMerge(cheapest.cost, left.length)) break;
    cheapest.cluster = merge(cheapest.cluster, gone.cluster);
    left = left.filter((one) => one !== gone);
    for (const one of left) if (one === cheapest || one.nearest === gone || one.nearest === cheapest) findNearest(one);
  }
  return left.map(({ cluster }) => cluster);
}

function repaint(pixels: Pixels, colours: readonly Rgb[]): { pixels: Pixels; colours: readonly Rgb[] } {
  const { data, width, height, channels } = pixels;
  const painted = new Uint8Array(width * height * 4);
  const used = new Set<Rgb>();
  for (let from = 0, to = 0; to < painted.length; from += channels, to += 4) {
    if (channels === 4 && data[from + 3] === 0) continue;
    const colour = nearest(colours, data[from] ?? 0, data[from + 1] ?? 0, data[from + 2] ?? 0);
    used.add(colour);
    painted.set(colour, to);
    painted[to + 3] = 255;
  }
  return { pixels: { data: painted, width, height, channels: 4 }, colours: colours.filter((colour) => used.has(colour)) };
}

function nearest(colours: readonly Rgb[], red: number, green: number, blue: number): Rgb {
  let best: Rgb = [red, green, blue];
  let least = Number.POSITIVE_INFINITY;
  for (const colour of colours) {
    const distance = (colour[0] - red) ** 2 + (colour[1] - green) ** 2 + (colour[2] - blue) ** 2;
    if (distance < least) {
      least = distance;
      best = colour;
    }
  }
  return best;
}
