import { compress } from '../image/compress.ts';
import type { Pixels } from '../image/pixels.ts';
import { type Format, type Image, toExtension, toMediaType } from '../media.ts';
import type { ExportedFile, ExportWish } from './wish.ts';

/** `fox.jpg` for fox and jpeg. */
export function fileName(stem: string, format: Format): string {
  return `${stem}.${toExtension(format)}`;
}

export function pictureFile(name: string, { bytes, format, width, height }: Image, notes: readonly string[]): ExportedFile {
  return { name, bytes, mediaType: toMediaType(format), width, height, notes };
}

export function textFile(name: string, mediaType: string, text: string): ExportedFile {
  return { name, bytes: Buffer.from(text), mediaType, notes: [] };
}

/** Encodes pixels and names the file. */
export async function pixelFile(
  name: string,
  pixels: Pixels,
  encoding: { format: Format; xmp: string; lossless?: boolean; maxBytes?: number | undefined },
  notes: readonly string[] = [],
): Promise<ExportedFile> {
  const { bytes, notes: more } = await compress(pixels, { ...encoding, xmp: encoding.xmp || undefined });
  return pictureFile(name, { bytes, format: encoding.format, width: pixels.width, height: pixels.height }, [...notes, ...more]);
}

/** The ceiling in bytes. */
export function maxBytes({ maxKb }: ExportWish): number | undefined {
  return maxKb === undefined ? undefined : maxKb * 1000;
}

/** `#rrggbb` */
export function toHex(colour: readonly number[]): string {
  return `#${colour.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`;
}
