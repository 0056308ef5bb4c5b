import type { Box } from '../region.ts';
import { cover } from './badge.ts';
import { type IconArt, readIconArt } from './icon-art.ts';
import type { Pixels, Rgb } from './pixels.ts';
import { openRgba } from './scale.ts';
import { type Sharp, withSharp } from './sharp.ts';

/** Icons are made from at most so many pixels an edge: the largest icon there is. */
const largestIcon = 1024;
/** And looked at in so many, which takes a few milliseconds. */
const lookedAt = 256;

/** One icon: what of the art, how large in it, on what. */
export interface IconLayout {
  /** Of the square, in pixels. */
  edge: number;
  /** The subject without its ground, or the whole picture as it is. */
  part: 'subject' | 'whole';
  /** How much of the edge the part takes: its longer side, or the diameter that its farthest pixel stays within. */
  share: number;
  within: 'box' | 'circle';
  /** Undefined: transparent. */
  ground?: Rgb | undefined;
  /** Cut to a disc. */
  round?: boolean;
}

/** A picture as art for icons: upright, sRGB, at most 1024 pixels an edge. */
export async function openIconArt(bytes: Uint8Array): Promise<IconArt> {
  const pixels = await openRgba(bytes, { width: largestIcon, height: largestIcon });
  const small = await openRgba(bytes, { width: lookedAt, height: lookedAt });
  return readIconArt(pixels, small);
}

/** How many times larger than in the art its pixels are in this icon; above 1 it was enlarged. */
export function scaleOf(art: IconArt, layout: IconLayout): number {
  const { left, top, right, bottom } = partOf(art, layout);
  if (layout.within === 'box') return (layout.edge * layout.share) / Math.max(right - left, bottom - top);
  const radius = layout.part === 'subject' ? art.radius : Math.hypot(right - left, bottom - top) / 2;
  return (layout.edge * layout.share) / (2 * radius);
}

/** The icon's pixels: RGB on a ground, else RGBA. */
export function drawIcon(art: IconArt, layout: IconLayout): Promise<Pixels> {
  return withSharp(async (sharp) => {
    const { edge, ground } = layout;
    const part = await drawPart(sharp, art, layout);
    const background = ground === undefined ? { r: 0, g: 0, b: 0, alpha: 0 } : { r: ground[0], g: ground[1], b: ground[2], alpha: 1 };
    const left = Math.round((edge - part.width) / 2);
    const top = Math.round((edge - part.height) / 2);
    const layers = [{ input: Buffer.from(part.data), raw: { width: part.width, height: part.height, channels: part.channels }, left, top }];
    const laid = sharp({ create: { width: edge, height: edge, channels: 4, background } }).composite([
      ...layers,
      ...(layout.round ? [{ input: disc(edge), raw: { width: edge, height: edge, channels: 4 as const }, blend: 'dest-in' as const }] : []),
    ]);
    const opaque = ground !== undefined && !layout.round;
    const { data, info } = await (opaque ? laid.removeAlpha() : laid).raw().toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: opaque ? 3 : 4 };
  });
}

/** The part of the art that an icon shows. */
export function partOf({ pixels, subject }: IconArt, { part }: IconLayout): Box {
  return part === 'subject' ? subject : { left: 0, top: 0, right: pixels.width, bottom: pixels.height };
}

/** The part in its size in the icon. Lanczos 3 alone is crisp at 16 pixels; sharpening on top of it draws a light rim. */
async function drawPart(sharp: Sharp, art: IconArt, layout: IconLayout): Promise<Pixels> {
  const { left, top, right, bottom } = partOf(art, layout);
  const scale = scaleOf(art, layout);
  const size = (length: number) => Math.max(1, Math.min(layout.edge, Math.round(length * scale)));
  const { data, width, height, channels } = art.pixels;
  const sized = sharp(data, { raw: { width, height, channels } })
    .extract({ left, top, width: right - left, height: bottom - top })
    .resize(size(right - left), size(bottom - top), { fit: 'fill', kernel: 'lanczos3' });
  const { data: drawn, info } = await sized.raw().toBuffer({ resolveWithObject: true });
  return { data: drawn, width: info.width, height: info.height, channels: 4 };
}

/** Opaque inside the largest circle, RGBA. */
function disc(edge: number): Buffer {
  const pixels = Buffer.alloc(edge * edge * 4);
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      const radius = Math.hypot(x + 0.5 - edge / 2, y + 0.5 - edge / 2);
      pixels[4 * (y * edge + x) + 3] = Math.round(255 * cover(edge / 2 - radius));
    }
  }
  return pixels;
}
