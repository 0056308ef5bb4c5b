import { ToolError } from '../errors.ts';
import { type AspectRatio, type Format, type Size, shapeDistance, toShape } from '../media.ts';
import type { Box } from '../region.ts';
import { formatSize } from '../text.ts';
import { maxPixels, maxPixelsOfCostly } from './limits.ts';
import type { Pixels, Rgb } from './pixels.ts';

/** Which part of a picture is kept, and how large it becomes; both in pixels. */
export interface Fitting {
  crop: Size;
  /** The picture itself, scaled. */
  scaled: Size;
  /** The file: larger than `scaled` where a border is added. */
  target: Size;
}

export interface SizeWish {
  cropTo?: AspectRatio | undefined;
  width?: number | undefined;
  height?: number | undefined;
  fit?: 'cover' | 'contain' | undefined;
}

/** Longest edge each format can hold, as libjpeg, libwebp, libvips' HEIF writer and libpng (its default limit) have it. */
const maxEdge: Record<Format, number> = { jpeg: 65_500, webp: 16_383, avif: 16_384, png: 1_000_000 };

/** Throws `unsupported`, naming what is possible, when no file of this format can have this size; pure, so that it can be asked before anything is paid for. */
export function requirePossible(format: Format, size: Size): void {
  const longest = Math.max(size.width, size.height);
  if (longest > maxEdge[format]) {
    const others = { png: ['png'], jpeg: ['jpeg', 'png'], webp: ['jpeg', 'png'], avif: ['jpeg', 'png'] }[format].filter(isRoomier(longest));
    const way = others.length > 0 ? `Ask for ${others.join(' or ')}, or a smaller size.` : 'Ask for a smaller size.';
    throw new ToolError(
      'unsupported',
      `${format} holds at most ${maxEdge[format]} pixels along an edge; ${formatSize(size)} was asked. ${way}`,
    );
  }
  const most = format === 'avif' ? maxPixelsOfCostly : maxPixels;
  if (size.width * size.height > most) {
    const what = format === 'avif' ? 'AVIF of up to' : 'up to';
    throw new ToolError(
      'unsupported',
      `${formatSize(size)} was asked; limner makes ${what} ${most / 1_000_000} million pixels. Ask for a smaller size.`,
    );
  }
}

function isRoomier(edge: number): (format: string) => boolean {
  return (format) => (format === 'png' || format === 'jpeg') && edge <= maxEdge[format];
}

/** What becomes of a picture of this size. Two edges decide the shape; one alone keeps that of the picture, or of `cropTo`. */
export function fitTo(source: Size, { cropTo, width, height, fit = 'cover' }: SizeWish): Fitting {
  if (width !== undefined && height !== undefined) {
    const target = { width, height };
    if (fit === 'cover') return { crop: cropSize(source, target), scaled: target, target };
    const scale = Math.min(width / source.width, height / source.height);
    return { crop: source, scaled: scaleBy(source, scale, target), target };
  }
  const crop = cropTo === undefined ? source : cropSize(source, cropTo);
  const shape = cropTo === undefined ? toShape(source) : toShape(cropTo);
  const target = {
    width: width ?? (height === undefined ? crop.width : Math.max(1, Math.round(height * shape))),
    height: height ?? (width === undefined ? crop.height : Math.max(1, Math.round(width / shape))),
  };
  return { crop, scaled: target, target };
}

export function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

/** The largest size of this shape inside a picture. */
function cropSize(of: Size, ratio: AspectRatio | Size): Size {
  if (shapeDistance(of, ratio) === 0) return { width: of.width, height: of.height };
  const shape = toShape(ratio);
  return toShape(of) > shape
    ? { width: Math.max(1, Math.round(of.height * shape)), height: of.height }
    : { width: of.width, height: Math.max(1, Math.round(of.width / shape)) };
}

function scaleBy({ width, height }: Size, scale: number, within: Size): Size {
  const edge = (length: number, max: number) => Math.min(max, Math.max(1, Math.round(length * scale)));
  return { width: edge(width, within.width), height: edge(height, within.height) };
}

/** The smallest size of the source's shape that covers the target; one edge equals the target's. */
export function coverSize(source: Size, target: Size): Size {
  const scale = Math.max(target.width / source.width, target.height / source.height);
  return {
    width: Math.max(target.width, Math.round(source.width * scale)),
    height: Math.max(target.height, Math.round(source.height * scale)),
  };
}

/** Samples along each edge by which a picture is looked over: enough to place a crop, few enough to take a millisecond. */
const samples = 768;

/** Alpha from which a pixel counts as part of the subject; below it is haze and compression noise. */
const visible = 16;

/** Where a window must lie so that what is not transparent stands in its middle; the offset of its upper left corner in pixels. */
export function windowAroundOpaque({ data, width, height }: Pixels, window: Size): { left: number; top: number } {
  const [stepX, stepY] = [Math.ceil(width / samples), Math.ceil(height / samples)];
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y += stepY) {
    for (let x = 0; x < width; x += stepX) {
      if ((data[(y * width + x) * 4 + 3] ?? 0) < visible) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
    }
  }
  if (right === 0) [left, top, right, bottom] = [0, 0, width, height];
  return { left: centre(left, right, window.width, width), top: centre(top, bottom, window.height, height) };
}

function centre(from: number, to: number, window: number, whole: number): number {
  return Math.min(whole - window, Math.max(0, Math.round((from + to - window) / 2)));
}

/** Width of the ring that stands for a picture's border, as a share of its shorter edge. */
const borderShare = 0.02;

/** The median colour of a picture's border, channel by channel: it ignores what runs out of the picture here and there. */
export function medianBorder(pixels: Pixels): Rgb {
  return [medianOfBorder(pixels, 0), medianOfBorder(pixels, 1), medianOfBorder(pixels, 2)];
}

/** The same of one channel; the fourth is alpha. */
export function medianOfBorder(pixels: Pixels, channel: number): number {
  const { width, height } = pixels;
  const ring = Math.max(1, Math.round(Math.min(width, height) * borderShare));
  const counts = new Uint32Array(256);
  tally(pixels, channel, counts, { left: 0, top: 0, right: width, bottom: ring });
  tally(pixels, channel, counts, { left: 0, top: height - ring, right: width, bottom: height });
  tally(pixels, channel, counts, { left: 0, top: 0, right: ring, bottom: height });
  tally(pixels, channel, counts, { left: width - ring, top: 0, right: width, bottom: height });
  return median(counts);
}

/** Adds the values of one channel inside a box, about every `width / samples`th pixel. */
function tally({ data, width, height, channels }: Pixels, channel: number, counts: Uint32Array, { left, top, right, bottom }: Box): void {
  const [stepX, stepY] = [Math.min(right - left, Math.ceil(width / samples)), Math.min(bottom - top, Math.ceil(height / samples))];
  for (let y = top; y < bottom; y += stepY) {
    for (let x = left; x < right; x += stepX) {
      const value = data[(y * width + x) * channels + channel] ?? 0;
      counts[value] = (counts[value] ?? 0) + 1;
    }
  }
}

function median(counts: Uint32Array): number {
  const half = counts.reduce((sum, count) => sum + count, 0) / 2;
  let below = 0;
  return counts.findIndex((count) => {
    below += count;
    return below >= half;
  });
}
