import { ToolError } from '../errors.ts';
import type { Size } from '../media.ts';
import type { Pixels, Rgb } from './pixels.ts';
import { decoding, type Sharp, withSharp } from './sharp.ts';

/** Decodes a picture upright, in sRGB (throws `unreadable_image` when it cannot), four channels when it has alpha; scaled down, never up, until it lies within a box. */
export function openScaled(bytes: Uint8Array, within?: Partial<Size>): Promise<Pixels> {
  return withSharp(async (sharp) => {
    const upright = sharp(bytes, decoding).autoOrient();
    return toPixels(within ? upright.resize({ ...within, fit: 'inside', withoutEnlargement: true }) : upright);
  });
}

/** Decodes a picture as `openScaled` does, at an exact size that has its shape up to rounding. */
export function openSized(bytes: Uint8Array, { width, height }: Size): Promise<Pixels> {
  return withSharp(async (sharp) => toPixels(sharp(bytes, decoding).autoOrient().resize(width, height, { fit: 'fill' })));
}

/** Decodes a picture as `openScaled` does, always with alpha. */
export function openRgba(bytes: Uint8Array, within?: Partial<Size>): Promise<Pixels> {
  return withSharp(async (sharp) => {
    const upright = sharp(bytes, decoding).autoOrient().ensureAlpha();
    return toPixels(within ? upright.resize({ ...within, fit: 'inside', withoutEnlargement: true }) : upright);
  });
}

async function toPixels(image: ReturnType<Sharp>): Promise<Pixels> {
  const decoded = image.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { data, info } = await decoded.catch((cause) => {
    throw new ToolError('unreadable_image', 'The picture is damaged: its pixels cannot be decoded. Export it again, or use another file.', {
      cause,
    });
  });
  return { data, width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3 };
}

/** Every pixel as a square of so many, edges sharp. */
export function enlargePixels({ data, width, height, channels }: Pixels, times: number): Promise<Pixels> {
  return withSharp(async (sharp) => {
    const large = sharp(data, { raw: { width, height, channels } }).resize(width * times, height * times, { kernel: 'nearest' });
    return { data: await large.raw().toBuffer(), width: width * times, height: height * times, channels };
  });
}

/** Without alpha, laid on a colour. */
export async function flatten(pixels: Pixels, [r, g, b]: Rgb): Promise<Pixels> {
  if (pixels.channels === 3) return pixels;
  const { data, width, height, channels } = pixels;
  return withSharp(async (sharp) => {
    const flat = sharp(data, { raw: { width, height, channels } }).flatten({ background: { r, g, b } });
    return { data: await flat.raw().toBuffer(), width, height, channels: 3 };
  });
}
