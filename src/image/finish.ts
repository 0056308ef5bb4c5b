import { setImmediate as nextTurn } from 'node:timers/promises';
import { ToolError } from '../errors.ts';
import { type AspectRatio, type Format, type Image, isFormat, type Size, sniff } from '../media.ts';
import { formatBytes, formatSize } from '../text.ts';
import { compress, sayMissed } from './compress.ts';
import { coverSize, type Fitting, fitTo, medianBorder, requirePossible, windowAroundOpaque } from './fit.ts';
import type { PictureFacts } from './inspect.ts';
import type { Pixels } from './pixels.ts';
import { decoding, maxInputPixels, type Sharp, withSharp } from './sharp.ts';

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
  /** An XMP packet for the file, if it is encoded anew; absent: the picture's own. */
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
  const header = await readHeader(bytes).catch(() => undefined);
  return header && { bytes, format, width: header.width, height: header.height };
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
  const isSame = made.format === format && isSameSize(header, source) && isSameSize(source, fitting.target);
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
  hasAlpha: boolean;
  is16Bit: boolean;
  frames: number;
  xmp: string | undefined;
}

/** Facts from a picture's header; the size upright, and the XMP saying so too. */
async function readHeader(bytes: Uint8Array): Promise<Header> {
  const header = await withSharp((sharp) => sharp(bytes, { ...decoding, limitInputPixels: false }).metadata());
  const { autoOrient, hasAlpha, depth, pages = 1, xmpAsString } = header;
  const xmp = xmpAsString?.replace(/(tiff:Orientation(?:=["']|>))\d/g, '$11');
  return { width: autoOrient.width, height: autoOrient.height, hasAlpha, is16Bit: depth === 'ushort', frames: pages, xmp };
}

/** A picture to be sized: its own size, upright, and how its decoding begins. */
interface Source extends Size {
  hasAlpha: boolean;
  open(sharp: Sharp): ReturnType<Sharp>;
}

/** How far a pixel may be from the corner's colour, 0 to 255, and still belong to the margin; JPEG noise stays below. */
const marginTolerance = 10;

/** The picture without its margins, decoded; undefined when there are none, or nothing but margin. */
async function trim(bytes: Uint8Array): Promise<Source | undefined> {
  const { width, height } = await readHeader(bytes);
  if (Math.min(width, height) < 3) return undefined;
  const pixels = await render((sharp) => sharp(bytes, decoding).autoOrient().trim({ threshold: marginTolerance }));
  if (isSameSize(pixels, { width, height })) return undefined;
  return { width: pixels.width, height: pixels.height, hasAlpha: pixels.channels === 4, open: (sharp) => openPixels(sharp, pixels) };
}

/** The pixels of the part that is kept, scaled; three channels unless something is transparent. */
async function toSize(source: Source, { crop, scaled }: Fitting): Promise<Pixels> {
  const { width, height } = scaled;
  if (isSameSize(crop, source))
    return dropNeedlessAlpha(await render((sharp) => source.open(sharp).resize(width, height, { fit: 'fill' })));
  const covering = coverSize(source, scaled);
  // Scaling first and cropping then would make millions of pixels of a line turned on its side.
  if (covering.width * covering.height > maxInputPixels) {
    const part = { ...crop, left: Math.floor((source.width - crop.width) / 2), top: Math.floor((source.height - crop.height) / 2) };
    return dropNeedlessAlpha(await render((sharp) => source.open(sharp).extract(part).resize(width, height, { fit: 'fill' })));
  }
  const crops = (image: ReturnType<Sharp>, sharp: Sharp) =>
    image.resize(width, height, { fit: 'cover', position: sharp.strategy.attention });
  if (!source.hasAlpha) return render((sharp) => crops(source.open(sharp), sharp));
  const whole = await dropNeedlessAlpha(
    await render((sharp) => source.open(sharp).resize(covering.width, covering.height, { fit: 'fill' })),
  );
  if (whole.channels === 3) return render((sharp) => crops(openPixels(sharp, whole), sharp));
  return render((sharp) => openPixels(sharp, whole).extract({ ...windowAroundOpaque(whole, scaled), width, height }));
}

async function addBorder(pixels: Pixels, { scaled, target }: Fitting): Promise<{ pixels: Pixels; notes: string[] }> {
  if (isSameSize(scaled, target)) return { pixels, notes: [] };
  const [red, green, blue] = pixels.channels === 4 ? [0, 0, 0] : medianBorder(pixels);
  const background = { r: red, g: green, b: blue, alpha: pixels.channels === 4 ? 0 : 1 };
  const [left, top] = [Math.floor((target.width - scaled.width) / 2), Math.floor((target.height - scaled.height) / 2)];
  const [right, bottom] = [target.width - scaled.width - left, target.height - scaled.height - top];
  const padded = await render((sharp) => openPixels(sharp, pixels).extend({ left, top, right, bottom, background }));
  const colour = [red, green, blue].map((value) => value.toString(16).padStart(2, '0')).join('');
  const border = pixels.channels === 4 ? 'a transparent border' : `a border of #${colour}`;
  return { pixels: padded, notes: [`Padded from ${formatSize(scaled)} to ${formatSize(target)} with ${border}.`] };
}

/** Pixels looked at before others get a turn: a few milliseconds. */
const pixelsPerTurn = 2_000_000;

/** An alpha channel through which nothing is seen is left out. */
async function dropNeedlessAlpha(pixels: Pixels): Promise<Pixels> {
  if (pixels.channels === 3) return pixels;
  for (let start = 3; start < pixels.data.length; start += 4 * pixelsPerTurn) {
    const end = Math.min(pixels.data.length, start + 4 * pixelsPerTurn);
    for (let index = start; index < end; index += 4) if (pixels.data[index] !== 255) return pixels;
    await nextTurn();
  }
  return render((sharp) => openPixels(sharp, pixels).removeAlpha());
}

function openPixels(sharp: Sharp, { data, width, height, channels }: Pixels): ReturnType<Sharp> {
  return sharp(data, { raw: { width, height, channels } });
}

async function render(make: (sharp: Sharp) => ReturnType<Sharp>): Promise<Pixels> {
  const { data, info } = await withSharp((sharp) =>
    make(sharp).toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  ).catch((cause) => {
    throw new ToolError('unreadable_image', 'The picture is damaged: its pixels cannot be decoded. Export it again, or use another file.', {
      cause,
    });
  });
  return { data, width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3 };
}

function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
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
function sayLeftOut({ frames, is16Bit }: Header, whitened: boolean): string[] {
  return [
    ...(frames > 1 ? [`Only the first of its ${frames} frames.`] : []),
    ...(is16Bit ? ['Reduced from 16 to 8 bits a channel.'] : []),
    ...(whitened ? ['jpeg has no transparency: transparent parts are white.'] : []),
  ];
}
