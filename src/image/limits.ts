import type { Size, Sniffed } from '../media.ts';

/**
 * Larger pictures are refused by their header, before they are decoded, and none is made: what limner makes it can also read. 50 million pixels are 200 MB as
 * RGBA; imgproxy, which decodes other people's pictures for a living, draws the same line.
 */
export const maxPixels = 50_000_000;

/**
 * For kinds that are held whole to be decoded: at 25 million pixels an AVIF takes 520 MB, a progressive JPEG of four inks 280 MB, an interlaced PNG of 16 bits
 * 250 MB, a GIF 220 MB.
 */
export const maxPixelsOfCostly = 24_000_000;

/** Longest edge in pixels, as a JPEG's header can say it; a picture longer than that is a line. */
const maxEdge = 65_535;

/** Frames of a moving picture. Only the first is decoded, but all of them are counted when the file is opened. */
const maxFrames = 10_000;

/** What a header says of the work that decoding would be. */
interface Extent extends Size {
  kind: Sniffed;
  frames: number;
  /** PNG: interlaced; JPEG: progressive. */
  isInterlaced: boolean;
}

/** Why a picture is too large to be decoded, as a sentence goes on after its name; undefined when it is not. */
export function describeExcess({ kind, width, height, frames, isInterlaced }: Extent): string | undefined {
  const costly = nameCostly(kind, isInterlaced);
  const most = costly === undefined ? maxPixels : maxPixelsOfCostly;
  if (width * height > most) {
    const what = costly === undefined ? '' : ` of ${costly}`;
    return `has ${width}×${height} pixels; limner takes up to ${most / 1_000_000} million${what}. Make it smaller first.`;
  }
  if (Math.max(width, height) > maxEdge) {
    return `has ${width}×${height} pixels; limner takes up to ${maxEdge} along an edge. Cut it into parts first.`;
  }
  if (frames > maxFrames) return `has ${frames} frames; limner takes up to ${maxFrames}. Save its first frame as a picture.`;
  return undefined;
}

function nameCostly(kind: Sniffed, isInterlaced: boolean): string | undefined {
  if (kind === 'avif') return 'an AVIF';
  if (kind === 'gif') return 'a GIF';
  if (!isInterlaced) return undefined;
  return kind === 'png' ? 'an interlaced PNG' : kind === 'jpeg' ? 'a progressive JPEG' : undefined;
}
