import { type Format, formats } from '../media.ts';
import { decoding, type Sharp, withSharp } from './sharp.ts';

/** What the library for pictures is, and what it cannot do here. */
export interface TriedFormats {
  sharp: string;
  libvips: string;
  /** Formats a picture was not written in and read again, each with what went wrong. */
  failed: readonly { format: Format; why: string }[];
}

/** A small picture with a gradient in it, so that there is something to encode; pixels a side. */
const side = 16;

/** Writes and reads a small picture in each format limner delivers. Rejects only where sharp cannot be loaded. */
export async function tryFormats(): Promise<TriedFormats> {
  return withSharp(async (sharp) => {
    const failed: { format: Format; why: string }[] = [];
    for (const format of formats) {
      await tryFormat(sharp, format).catch((error: unknown) =>
        failed.push({ format, why: error instanceof Error ? error.message : String(error) }),
      );
    }
    const { sharp: version = 'unknown', vips } = sharp.versions;
    return { sharp: version, libvips: vips, failed };
  });
}

async function tryFormat(sharp: Sharp, format: Format): Promise<void> {
  const pixels = Buffer.from(Array.from({ length: side * side * 3 }, (_, index) => (index * 255) / (side * side * 3)));
  const bytes = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .toFormat(format)
    .toBuffer();
  const { info } = await sharp(bytes, decoding).raw().toBuffer({ resolveWithObject: true });
  if (info.width !== side || info.height !== side) throw new Error(`${info.width}×${info.height} came back`);
}
