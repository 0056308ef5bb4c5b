import type { Size } from '../media.ts';
import type { Allowed } from './lay-in.ts';
import { decoding, withSharp } from './sharp.ts';

/** A guide needs no more to be understood. */
const maxEdge = 1024;

/** A PNG of a picture's shape that is white where it may change and black elsewhere. */
export function makeGuide(allowed: Allowed, of: Size): Promise<Uint8Array> {
  const scale = Math.min(1, maxEdge / Math.max(of.width, of.height));
  const [width, height] = [Math.max(1, Math.round(of.width * scale)), Math.max(1, Math.round(of.height * scale))];
  if ('mask' in allowed) {
    return withSharp((sharp) =>
      sharp(allowed.mask, decoding)
        .rotate()
        .flatten({ background: '#000000' })
        .resize(width, height, { fit: 'fill' })
        .greyscale()
        .png()
        .toBuffer(),
    );
  }
  const { left, top, right, bottom } = allowed.box;
  const edge = {
    left: Math.round(left * scale),
    top: Math.round(top * scale),
    right: Math.round(right * scale),
    bottom: Math.round(bottom * scale),
  };
  const white = {
    width: Math.max(1, edge.right - edge.left),
    height: Math.max(1, edge.bottom - edge.top),
    channels: 3,
    background: '#ffffff',
  } as const;
  return withSharp(async (sharp) => {
    const input = await sharp({ create: white }).png().toBuffer();
    const place = { left: Math.min(edge.left, width - white.width), top: Math.min(edge.top, height - white.height) };
    return sharp({ create: { width, height, channels: 3, background: '#000000' } })
      .composite([{ input, ...place }])
      .png()
      .toBuffer();
  });
}
