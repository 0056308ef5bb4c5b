import type { Pixels } from './pixels.ts';
import { decoding, type Sharp } from './sharp.ts';

/** Upright sRGB, as seen. Transparency is kept, or laid on white; `room` leaves an opaque channel for it. */
export async function decode(sharp: Sharp, bytes: Uint8Array, alpha: 'keep' | 'drop' | 'room' = 'drop'): Promise<Pixels> {
  const image = sharp(bytes, decoding).rotate().toColourspace('srgb');
  const seen = alpha === 'keep' ? image : image.flatten({ background: '#ffffff' });
  return toPixels(await (alpha === 'room' ? seen.ensureAlpha() : seen).raw().toBuffer({ resolveWithObject: true }));
}

/** What sharp calls raw, of three or four channels. */
interface Raw {
  data: Buffer;
  info: { width: number; height: number; channels: number };
}

export function toPixels({ data, info: { width, height, channels } }: Raw): Pixels {
  if (channels !== 3 && channels !== 4) throw new Error(`${channels} channels`);
  // A plain view: what loops over pixels is compiled for one kind of array, and a Buffer's own `subarray` is slow.
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width, height, channels };
}

/** PNG: quick rather than small, since what is to be small is encoded once more. */
export function encodePng(sharp: Sharp, { data, width, height, channels }: Pixels, xmp: string | undefined): Promise<Buffer> {
  const image = sharp(data, { raw: { width, height, channels } });
  return (xmp === undefined ? image : image.withXmp(xmp)).png({ compressionLevel: 6 }).toBuffer();
}
