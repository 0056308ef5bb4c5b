import type { Size } from '../media.ts';
import type { Box } from '../region.ts';
import type { Pixels } from './pixels.ts';
import type { Region } from './planes.ts';

/** Widest and narrowest soft edge in pixels, and its share of the region's shorter edge: wide enough to hide a seam, too narrow to show a double picture. */
const softEdge = { most: 48, least: 2, share: 0.015 } as const;

/**
 * A picture as a mask of another size: white (255) is where change is allowed, black where not, grey a soft edge; transparent counts as black. Nearly black
 * and nearly white (JPEG) are taken as such. `share` is how much of the picture may change, 0 to 1.
 */
export function maskFromPixels({ data, width, height, channels }: Pixels, size: Size): { mask: Uint8Array; share: number } {
  const mask = new Uint8Array(size.width * size.height);
  const columns = Array.from({ length: size.width }, (_, x) => split((x + 0.5) * (width / size.width) - 0.5, width));
  const valueAt = (i: number) => {
    const value = 0.299 * (data[i] ?? 0) + 0.587 * (data[i + 1] ?? 0) + 0.114 * (data[i + 2] ?? 0);
    return channels === 4 ? (value * (data[i + 3] ?? 0)) / 255 : value;
  };
  let total = 0;
  for (let y = 0, o = 0; y < size.height; y++) {
    const row = split((y + 0.5) * (height / size.height) - 0.5, height);
    const [above, below] = [row.at * width, row.next * width];
    for (const { at, next, share } of columns) {
      const top = valueAt((above + at) * channels) * (1 - share) + (share === 0 ? 0 : valueAt((above + next) * channels) * share);
      const value =
        row.share === 0
          ? top
          : top * (1 - row.share) +
            (valueAt((below + at) * channels) * (1 - share) + (share === 0 ? 0 : valueAt((below + next) * channels) * share)) * row.share;
      const settled = value < 3 ? 0 : value > 252 ? 255 : Math.round(value);
      mask[o++] = settled;
      total += settled;
    }
  }
  return { mask, share: total / 255 / mask.length };
}

/** The pixel at a position, the one after it, and how much of the latter. */
function split(position: number, length: number): { at: number; next: number; share: number } {
  const at = Math.min(length - 1, Math.max(0, Math.floor(position)));
  return { at, next: Math.min(length - 1, at + 1), share: Math.min(1, Math.max(0, position - at)) };
}

/** The smallest box around a region, or undefined for a mask that is black all over. */
export function boundsOf(region: Region, { width, height }: Size): Box | undefined {
  if ('box' in region) return region.box;
  const box = { left: width, top: height, right: 0, bottom: 0 };
  for (let y = 0; y < height; y++) {
    const row = region.mask.subarray(y * width, (y + 1) * width);
    const first = row.findIndex((value) => value > 0);
    if (first === -1) continue;
    box.left = Math.min(box.left, first);
    box.right = Math.max(box.right, row.findLastIndex((value) => value > 0) + 1);
    box.top = Math.min(box.top, y);
    box.bottom = y + 1;
  }
  return box.bottom === 0 ? undefined : box;
}

/**
 * How much of the answer each pixel takes, a row of `bounds` at a time, 0 to 1: rising from the region's edge inwards, 0 outside it; at the picture's own
 * border there is nothing to blend with, so it does not fall there. `covered` is what the answer shows at all; past it nothing is taken.
 * The array is used again by the next call.
 */
export function createWeights(region: Region, bounds: Box, covered: Box, size: Size): (y: number) => Float32Array {
  const edge = Math.min(
    softEdge.most,
    Math.max(softEdge.least, softEdge.share * Math.min(bounds.right - bounds.left, bounds.bottom - bounds.top)),
  );
  const limits = 'box' in region ? intersect(bounds, covered) : covered;
  const columns = ramp(bounds.left, bounds.right, limits.left, limits.right, size.width, edge);
  const rows = ramp(bounds.top, bounds.bottom, limits.top, limits.bottom, size.height, edge);
  const out = new Float32Array(bounds.right - bounds.left);
  if ('box' in region) return (y) => scaled(columns, rows[y - bounds.top] ?? 0, out);
  const depths = measureDepths(region.mask, bounds, size.width);
  const reach = Math.max(1, Math.min(edge, depths.reduce((a, b) => Math.max(a, b), 0) / depthUnit / 2));
  return (y) => {
    scaled(columns, rows[y - bounds.top] ?? 0, out);
    for (let x = 0, i = y * size.width + bounds.left, d = (y - bounds.top) * out.length; x < out.length; x++, i++, d++) {
      const allowed = region.mask[i] ?? 0;
      const depth = ((depths[d] ?? 0) / depthUnit - 0.5) / reach;
      out[x] = allowed === 0 ? 0 : (out[x] ?? 0) * (allowed / 255) * easeIn(depth);
    }
    return out;
  };
}

function scaled(columns: Float32Array, factor: number, out: Float32Array): Float32Array {
  for (let x = 0; x < out.length; x++) out[x] = (columns[x] ?? 0) * factor;
  return out;
}

/** 0 to 1 without corners, clamped. */
function easeIn(x: number): number {
  const t = Math.min(1, Math.max(0, x));
  return t * t * (3 - 2 * t);
}

/** Weights along one axis between two limits; a limit at the picture's border has no slope. */
function ramp(from: number, to: number, low: number, high: number, length: number, edge: number): Float32Array {
  return Float32Array.from({ length: to - from }, (_, index) => {
    const centre = from + index + 0.5;
    const rise = low <= 0 ? 1 : easeIn((centre - low) / edge);
    const fall = high >= length ? 1 : easeIn((high - centre) / edge);
    return centre < low || centre > high ? 0 : rise * fall;
  });
}

function intersect(a: Box, b: Box): Box {
  return {
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  };
}

/** A pixel's step in the distances below; the widest soft edge still fits into a byte. */
const depthUnit = 3;

/** How deep each pixel of `bounds` lies inside the mask, in thirds of a pixel, up to 255 (3-4 chamfer distance, Borgefors 1986); the picture's border is no edge. */
function measureDepths(mask: Uint8Array, bounds: Box, stride: number): Uint8Array {
  const [width, height] = [bounds.right - bounds.left, bounds.bottom - bounds.top];
  const depths = new Uint8Array(width * height);
  const outsideX = (x: number) => (x < 0 ? bounds.left > 0 : bounds.right < stride);
  const outsideY = (y: number) => (y < 0 ? bounds.top > 0 : bounds.bottom < mask.length / stride);
  const depthAt = (x: number, y: number) => {
    if (x < 0 || x >= width) return outsideX(x) ? 0 : 255;
    if (y < 0 || y >= height) return outsideY(y) ? 0 : 255;
    return depths[y * width + x] ?? 0;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[(y + bounds.top) * stride + x + bounds.left] === 0) continue;
      const near = Math.min(depthAt(x - 1, y) + 3, depthAt(x, y - 1) + 3, depthAt(x - 1, y - 1) + 4, depthAt(x + 1, y - 1) + 4);
      depths[y * width + x] = Math.min(255, near);
    }
  }
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) {
      const here = depths[y * width + x] ?? 0;
      if (here === 0) continue;
      const near = Math.min(depthAt(x + 1, y) + 3, depthAt(x, y + 1) + 3, depthAt(x - 1, y + 1) + 4, depthAt(x + 1, y + 1) + 4);
      depths[y * width + x] = Math.min(here, near);
    }
  }
  return depths;
}
