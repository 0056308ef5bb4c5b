import { type AspectRatio, type Format, type Image, isFormat, type Size, shapeDistance, sniff, toShape } from '../media.ts';
import { decoding, type Sharp, withSharp } from './sharp.ts';

/** What the delivered file must be; an absent wish leaves that property as the model made it. */
export interface Finish {
  format?: Format | undefined;
  /** Exact shape; what hangs over is cut away around what draws the eye. */
  cropTo?: AspectRatio | undefined;
}

/** Facts of a picture the model made, or undefined when the bytes are no picture we can deliver as one. */
export async function readMade(bytes: Uint8Array): Promise<Image | undefined> {
  const format = sniff(bytes);
  if (!isFormat(format)) return undefined;
  const header = await withSharp((sharp) => sharp(bytes, { ...decoding, limitInputPixels: false }).metadata()).catch(() => undefined);
  return header && { bytes, format, width: header.width, height: header.height };
}

/** The picture finished as wished; the very same object when nothing has to change, so that untouched bytes stay untouched. */
export async function finish(made: Image, wish: Finish): Promise<Image> {
  const format = wish.format ?? made.format;
  const size = wish.cropTo === undefined ? made : cropSize(made, wish.cropTo);
  if (format === made.format && size.width === made.width && size.height === made.height) return made;
  return withSharp(async (sharp) => {
    const cropped = sharp(made.bytes, decoding).resize(size.width, size.height, { fit: 'cover', position: sharp.strategy.attention });
    const { data, info } = await encodeAs(cropped.keepIccProfile().keepXmp(), format).toBuffer({ resolveWithObject: true });
    return { bytes: data, format, width: info.width, height: info.height };
  });
}

/** The largest size of this shape inside a picture. */
function cropSize(of: Size, ratio: AspectRatio): Size {
  if (shapeDistance(of, ratio) === 0) return of;
  const shape = toShape(ratio);
  return toShape(of) > shape
    ? { width: Math.max(1, Math.round(of.height * shape)), height: of.height }
    : { width: of.width, height: Math.max(1, Math.round(of.width / shape)) };
}

/**
 * Encoder settings measured for photo-like pictures: AVIF effort 2 takes a sixth of the time of 4 for a quarter more bytes; PNG gets no `effort`, which would
 * silently reduce it to a palette. JPEG has no alpha: transparent pixels become white.
 */
function encodeAs(image: ReturnType<Sharp>, format: Format): ReturnType<Sharp> {
  if (format === 'png') return image.png({ compressionLevel: 6 });
  if (format === 'webp') return image.webp({ quality: 90 });
  if (format === 'avif') return image.avif({ quality: 65, effort: 2 });
  return image.flatten({ background: '#ffffff' }).jpeg({ quality: 92, chromaSubsampling: '4:4:4' });
}
