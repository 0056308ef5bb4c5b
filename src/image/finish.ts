import { type AspectRatio, type Format, type Image, isFormat, type Size, sniff } from '../media.ts';
import { formatBytes, formatSize } from '../text.ts';
import { compress, sayMissed } from './compress.ts';
import { type Fitting, fitTo, isSameSize, requirePossible } from './fit.ts';
import type { PictureFacts } from './inspect.ts';
import { addBorder, openPixels, render, type Source, toSize, trim } from './resize.ts';
import { decoding, headerOnly, type Sharp, withSharp } from './sharp.ts';

/** What the delivered file must be; an absent wish leaves that property as the picture has it. */
export interface FinishWish {
  /** Absent: as the picture is; png for kinds that limner does not deliver. */
  format?: Format | undefined;
  /** Exact shape; what hangs over is cut away around what draws the eye. Not heard where both `width` and `height` are given. */
  cropTo?: AspectRatio | undefined;
  /** Exact pixels; one alone keeps the shape. */
  width?: number | undefined;
  height?: number | undefined;
  /** cover (default) cuts overhang away; contain adds a border, transparent where picture and format can, else of the picture's border's median colour. */
  fit?: 'cover' | 'contain' | undefined;
  /** Empty or one-coloured margins are cut away first. */
  trim?: boolean | undefined;
  /** Largest file, in bytes. */
  maxBytes?: number | undefined;
  /** png, webp and avif then keep every pixel as it is, unless the ceiling is in the way. */
  lossless?: boolean | undefined;
  /** An XMP packet for the file, if it is encoded anew; absent: the picture's own; empty: none. */
  xmp?: string | undefined;
}

/** The finished picture, and in short sentences all that was done to it and what differs from what was asked. */
export interface Finished {
  image: Image;
  notes: readonly string[];
}

/** A picture to finish: also of a kind that limner reads and does not deliver. */
export type Picture = Omit<Image, 'format'> & { format: PictureFacts['kind'] };

/** Facts of a picture the model made, or undefined when the bytes are no picture we can deliver as one. */
export async function readMade(bytes: Uint8Array): Promise<Image | undefined> {
  const format = sniff(bytes);
  if (!isFormat(format)) return undefined;
  const header = await withSharp((sharp) => readMetadata(sharp, bytes)).catch(() => undefined);
  return header && { bytes, format, width: header.autoOrient.width, height: header.autoOrient.height };
}

/**
 * The picture finished as wished: decoded once, upright, first frame, in sRGB with 8 bits a channel and without a colour profile, since that is what
 * everything takes an untagged picture for. The very same object when nothing has to change, so that untouched bytes stay untouched.
 * Throws `unsupported` for a size the format cannot hold and `unreadable_image` when the pixels cannot be decoded.
 */
export async function finish(made: Picture, wish: FinishWish): Promise<Finished> {
  const header = await readHeader(made.bytes);
  const format = wish.format ?? (isFormat(made.format) ? made.format : 'png');
  const trimmed = wish.trim ? await trim(made.bytes) : undefined;
  const source: Source = trimmed ?? { ...header, open: (sharp) => sharp(made.bytes, decoding).autoOrient() };
  const fitting = fitTo(source, wish);
  requirePossible(format, fitting.target);
  const trimNotes = wish.trim ? [sayTrimmed(header, source)] : [];
  // An exact size is one that every program reads, also those that do not know of EXIF orientation.
  const mustTurn = header.isTurned && (wish.width ?? wish.height ?? wish.cropTo) !== undefined;
  const isSame = made.format === format && !mustTurn && isSameSize(header, source) && isSameSize(source, fitting.target);
  const { maxBytes = Number.POSITIVE_INFINITY } = wish;
  if (isSame && isImage(made) && made.bytes.length <= maxBytes) return { image: made, notes: trimNotes };

  const sized = await toSize(source, fitting);
  const whitened = format === 'jpeg' && sized.channels === 4;
  const opaque = whitened ? await render((sharp) => openPixels(sharp, sized).flatten({ background: '#ffffff' })) : sized;
  const { pixels, notes: borderNotes } = await addBorder(opaque, fitting);
  const { bytes, notes: ceilingNotes } = await compress(pixels, {
    format,
    maxBytes: wish.maxBytes,
    lossless: wish.lossless,
    xmp: wish.xmp ?? header.xmp,
  });
  if (isSame && isImage(made) && bytes.length >= made.bytes.length) {
    return { image: made, notes: [...trimNotes, sayMissed(made.bytes.length, format, pixels, maxBytes)] };
  }
  const notes = [
    ...trimNotes,
    ...(header.isTurned ? ['Turned upright, as its EXIF orientation says.'] : []),
    ...sayFitted(source, fitting),
    ...borderNotes,
    ...(format === made.format ? [] : [`Converted from ${made.format} to ${format}.`]),
    ...sayLeftOut(header, whitened),
    ...ceilingNotes,
  ];
  if (isSame && ceilingNotes.length === 0) notes.push(`Compressed from ${formatBytes(made.bytes.length)} to ${formatBytes(bytes.length)}.`);
  return { image: { bytes, format, width: pixels.width, height: pixels.height }, notes };
}

function isImage(picture: Picture): picture is Image {
  return isFormat(picture.format);
}

interface Header extends Size {
  /** It is stored lying on its side, upside down or mirrored. */
  isTurned: boolean;
  hasAlpha: boolean;
  is16Bit: boolean;
  isCmyk: boolean;
  /** Its colours are those of another profile than sRGB. */
  hasOwnColours: boolean;
  frames: number;
  xmp: string | undefined;
}

/** Facts from a picture's header; the size upright, and the XMP saying so too. */
async function readHeader(bytes: Uint8Array): Promise<Header> {
  const header = await withSharp((sharp) => readMetadata(sharp, bytes));
  const { autoOrient, hasAlpha, depth, space, icc, orientation = 1, pages = 1, xmpAsString } = header;
  return {
    width: autoOrient.width,
    height: autoOrient.height,
    isTurned: orientation > 1,
    hasAlpha,
    is16Bit: depth === 'ushort',
    isCmyk: space === 'cmyk',
    hasOwnColours: icc !== undefined && !isSrgb(icc),
    frames: pages,
    xmp: xmpAsString?.replace(/(tiff:Orientation(?:=["']|>))\d/g, '$11'),
  };
}

function readMetadata(sharp: Sharp, bytes: Uint8Array) {
  return sharp(bytes, headerOnly).metadata();
}

/** By the name a profile carries, in one byte a letter or in two. */
function isSrgb(profile: Buffer): boolean {
  return profile.includes('sRGB') || profile.includes('\0s\0R\0G\0B');
}

function sayTrimmed(whole: Size, kept: Size): string {
  if (isSameSize(whole, kept)) return 'Not trimmed: there is no margin of one colour, or nothing else.';
  return `Trimmed from ${formatSize(whole)} to ${formatSize(kept)}.`;
}

/** How the size was reached: what was cut away, and by how much the rest was scaled. */
function sayFitted(source: Size, { crop, scaled }: Fitting): string[] {
  const notes = isSameSize(source, crop) ? [] : [`Cropped from ${formatSize(source)} to ${formatSize(crop)}.`];
  if (isSameSize(crop, scaled)) return notes;
  const factor = Math.max(scaled.width / crop.width, scaled.height / crop.height);
  const from = `from ${formatSize(crop)} to ${formatSize(scaled)}`;
  if (factor >= 1.005) return [...notes, `Enlarged ${factor.toFixed(2)} times, ${from}: it is no sharper than that.`];
  return [...notes, factor <= 0.995 ? `Scaled down ${from}.` : `Scaled ${from}.`];
}

/** What the source had that the file does not. */
function sayLeftOut({ frames, is16Bit, isCmyk, hasOwnColours }: Header, whitened: boolean): string[] {
  return [
    ...(frames > 1 ? [`Only the first of its ${frames} frames.`] : []),
    ...(isCmyk || hasOwnColours ? [`Converted from ${isCmyk ? 'CMYK' : 'its own colour profile'} to sRGB.`] : []),
    ...(is16Bit ? ['Reduced from 16 to 8 bits a channel.'] : []),
    ...(whitened ? ['jpeg has no transparency: transparent parts are white.'] : []),
  ];
}
