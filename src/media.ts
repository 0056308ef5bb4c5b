/** The image formats limner can deliver. */
export const formats = ['png', 'jpeg', 'webp', 'avif'] as const;
export type Format = (typeof formats)[number];

/** Encoded image bytes and the facts read from them; width and height in pixels, upright. */
export interface Image {
  bytes: Uint8Array;
  format: Format;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

/** Gemini's three output resolutions; capital K, lower case is refused upstream. */
export const resolutions = ['1K', '2K', '4K'] as const;
export type Resolution = (typeof resolutions)[number];

/** A shape, as `W:H`. */
export type AspectRatio = `${number}:${number}`;

const extensions: Record<Format, readonly string[]> = {
  png: ['png'],
  jpeg: ['jpg', 'jpeg'],
  webp: ['webp'],
  avif: ['avif'],
};

/** `image/png` and so on. */
export function toMediaType(format: Format): string {
  return `image/${format}`;
}

/** The extension limner gives a file of this format, without a dot. */
export function toExtension(format: Format): string {
  return extensions[format][0] ?? format;
}

/** The format an extension stands for (no dot, any case), or undefined. */
export function formatOfExtension(extension: string): Format | undefined {
  const wanted = extension.toLowerCase();
  return formats.find((format) => extensions[format].includes(wanted));
}

/** Width divided by height, of a size or of a `W:H` ratio; NaN for a malformed ratio. */
export function toShape(of: Size | AspectRatio): number {
  if (typeof of !== 'string') return of.width / of.height;
  const [width, height] = of.split(':').map(Number);
  return (width ?? Number.NaN) / (height ?? Number.NaN);
}

/** How far two shapes are apart, as a share of the smaller one: 0 is the same, 0.05 is 5 % off. */
export function shapeDistance(a: Size | AspectRatio, b: Size | AspectRatio): number {
  const [x, y] = [toShape(a), toShape(b)];
  return Math.max(x, y) / Math.min(x, y) - 1;
}

/** What bytes turn out to be; the ones limner delivers, the ones it can take in, and the ones it knows to refuse. */
export type Sniffed = Format | 'gif' | 'tiff' | 'heic' | 'bmp' | 'svg' | 'pdf' | undefined;

const signatures: readonly (readonly [kind: Exclude<Sniffed, undefined>, start: RegExp])[] = [
  ['png', /^\x89PNG\r\n/],
  ['jpeg', /^\xFF\xD8\xFF/],
  ['webp', /^RIFF.{4}WEBP/s],
  ['gif', /^GIF8[79]a/],
  ['tiff', /^(II[*+]\0|MM\0[*+])/],
  ['avif', /^.{4}ftyp(?:.{4}){0,12}?(avif|avis)/s],
  ['heic', /^.{4}ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)/s],
  ['bmp', /^BM.{4}\0\0\0\0/s],
  ['pdf', /^%PDF-/],
  ['svg', /^(\xEF\xBB\xBF)?\s*(<\?xml.*?)?(<!--.*?-->\s*)*(<!DOCTYPE svg.*?)?<svg[\s>]/is],
];

/** The kind of picture by its first bytes, whatever its name or label says; undefined for what is no picture. */
export function sniff(bytes: Uint8Array): Sniffed {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 512)).toString('latin1');
  return signatures.find(([, start]) => start.test(head))?.[0];
}

/** True for a format limner can deliver. */
export function isFormat(kind: string | undefined): kind is Format {
  return formats.some((format) => format === kind);
}
