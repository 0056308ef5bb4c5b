import type { Format } from '../media.ts';
import { formatBytes } from '../text.ts';
import type { Pixels } from './pixels.ts';
import { type Sharp, withSharp } from './sharp.ts';

/** How pixels become a file. */
export interface Encoding {
  format: Format;
  /** Largest file in bytes, metadata included. */
  maxBytes?: number | undefined;
  /** Every pixel as it is, which jpeg cannot; the ceiling goes before it. */
  lossless?: boolean | undefined;
  /** An XMP packet for the file; absent or empty: none. */
  xmp?: string | undefined;
}

/** An encoded picture, and what was given up to make it fit. */
export interface Encoded {
  bytes: Uint8Array;
  notes: readonly string[];
}

/** One way of encoding; `cost` says what it gives up, in words that go before "to stay under 200 kB". */
interface Way {
  encode(image: ReturnType<Sharp>): ReturnType<Sharp>;
  cost?: string;
}

/**
 * Qualities from the one used without a ceiling down to the lowest that is worth delivering, and how many encodes the search may take. AVIF effort 2 takes
 * a sixth of the time of 4 for a quarter more bytes, and is still slow. `decay`: by how much the logarithm of the size falls with each step on photo-like pictures.
 */
const qualities = {
  jpeg: { best: 92, lowest: 35, encodes: 6, decay: 0.035 },
  webp: { best: 90, lowest: 30, encodes: 6, decay: 0.035 },
  avif: { best: 65, lowest: 20, encodes: 5, decay: 0.04 },
} as const;

/**
 * Palettes that a PNG may be reduced to, best first; libvips knows 2, 4, 16 and 256 colours and rounds others up. Effort 2 takes a tenth of the default's time,
 * which is 10 s for a noisy photograph of 1600×900, for a fifth more bytes.
 */
const palettes = {
  ways: [
    { colours: 256, dither: 1 },
    { colours: 256, dither: 0 },
    { colours: 16, dither: 1 },
    { colours: 16, dither: 0 },
  ],
  encodes: 4,
  decay: 0.35,
} as const;

/** A file this full of what it may hold is not worth another encode. */
const fullEnough = 0.95;

/** While nothing fits, guesses aim below the ceiling: sizes fall ever more slowly towards low quality. */
const aimFor = 0.85;

/** The slower lossless ways of PNG halve drawings at best; beyond this many times the ceiling they are not tried. */
const hopeless = 3;

/** JPEG carries XMP in one segment; libvips 8.18 leaves out a longer packet without a word. */
const maxXmpInJpeg = 60_000;

/**
 * Encodes pixels; with a ceiling, at the best quality that stays within it. When even the lowest does not, the smallest file is the result and the notes
 * say by how much it misses. Pixels for jpeg must have no alpha.
 */
export async function compress(pixels: Pixels, encoding: Encoding): Promise<Encoded> {
  const notes = encoding.lossless && encoding.format === 'jpeg' ? ['jpeg is never lossless: every pixel may differ a little.'] : [];
  const whole = await tryLossless(pixels, encoding);
  if (whole && fits(whole, encoding)) return { bytes: whole, notes };
  if (whole && encoding.lossless) notes.push(`Not lossless: that takes ${toKb(whole.length)}.`);
  const found = await search(pixels, encoding);
  const bytes = whole && whole.length < found.bytes.length ? whole : found.bytes;
  if (!fits(bytes, encoding)) return { bytes, notes: [...notes, sayMissed(bytes.length, encoding.format, pixels, encoding.maxBytes ?? 0)] };
  return { bytes, notes: found.cost ? [...notes, `${found.cost} to stay under ${formatBytes(encoding.maxBytes ?? 0)}.`] : notes };
}

/** The smallest file that loses nothing, as far as it was worth looking; undefined for formats that are to be lossy. */
async function tryLossless(pixels: Pixels, encoding: Encoding): Promise<Uint8Array | undefined> {
  let smallest: Uint8Array | undefined;
  for (const way of losslessWays(encoding)) {
    if (smallest && (fits(smallest, encoding) || smallest.length > hopeless * (encoding.maxBytes ?? 0))) break;
    const bytes = await run(pixels, encoding, way);
    if (smallest === undefined || bytes.length < smallest.length) smallest = bytes;
  }
  return smallest;
}

/** PNG gets no `effort`, which would silently reduce it to a palette; its filters help photographs, their absence drawings. */
function losslessWays({ format, lossless }: Encoding): Way[] {
  if (format === 'png') {
    return [
      { encode: (image) => image.png({ compressionLevel: 6 }) },
      { encode: (image) => image.png({ compressionLevel: 9 }) },
      { encode: (image) => image.png({ compressionLevel: 9, adaptiveFiltering: true }) },
    ];
  }
  if (!lossless || format === 'jpeg') return [];
  return [
    { encode: (image) => (format === 'webp' ? image.webp({ lossless: true, exact: true }) : image.avif({ lossless: true, effort: 2 })) },
  ];
}

/** Lossy ways, best first; the first is the one without a ceiling and costs nothing worth saying. */
function lossyWays(format: Format): Way[] {
  if (format === 'png') {
    return palettes.ways.map(({ colours, dither }) => ({
      encode: (image) => image.png({ palette: true, colours, dither, effort: 2, compressionLevel: 9 }),
      cost: `Reduced to ${colours} colours${dither ? '' : ' without dithering'}`,
    }));
  }
  const { best, lowest } = qualities[format];
  return Array.from({ length: best - lowest + 1 }, (_, step) => ({
    encode: (image) => encodeLossy(image, format, best - step, step > 0),
    ...(step > 0 && { cost: `Quality ${best - step} of 100` }),
  }));
}

/** Under a ceiling JPEG is encoded as mozjpeg does, a tenth smaller and slower, and at low quality colour is what is spared first. */
function encodeLossy(image: ReturnType<Sharp>, format: Exclude<Format, 'png'>, quality: number, tight: boolean): ReturnType<Sharp> {
  if (format === 'webp') return image.webp({ quality });
  if (format === 'avif') return image.avif({ quality, effort: 2 });
  return image.jpeg({ quality, mozjpeg: tight, chromaSubsampling: quality >= 80 ? '4:4:4' : '4:2:0' });
}

/**
 * The best way that fits, or the smallest. File size falls about exponentially with quality, so the next guess lies where a straight line through two known
 * sizes has it on a logarithmic scale.
 */
async function search(pixels: Pixels, encoding: Encoding): Promise<{ bytes: Uint8Array; cost: string | undefined }> {
  const ways = lossyWays(encoding.format);
  const { encodes, decay } = encoding.format === 'png' ? palettes : qualities[encoding.format];
  const maxBytes = encoding.maxBytes ?? Number.POSITIVE_INFINITY;
  const tried: Tried[] = [];
  for (let index: number | undefined = 0; index !== undefined; ) {
    const way = ways[index];
    if (way === undefined) break;
    tried.push({ index, bytes: await run(pixels, encoding, way) });
    index = tried.length < encodes ? next(tried, maxBytes, ways.length, encodes - tried.length, decay) : undefined;
  }
  const found = bestFitting(tried, maxBytes) ?? tried.reduce((small, other) => (other.bytes.length < small.bytes.length ? other : small));
  return { bytes: found.bytes, cost: ways[found.index]?.cost };
}

interface Tried {
  index: number;
  bytes: Uint8Array;
}

function bestFitting(tried: readonly Tried[], maxBytes: number): Tried | undefined {
  return tried.filter(({ bytes }) => bytes.length <= maxBytes).sort((a, b) => a.index - b.index)[0];
}

/** The way to try next of `count`, with so many encodes left; undefined when nothing better is to be had. */
function next(tried: readonly Tried[], maxBytes: number, count: number, left: number, decay: number): number | undefined {
  const [over, beforeThat] = tried.filter(({ bytes }) => bytes.length > maxBytes).sort((a, b) => b.index - a.index);
  const fitting = bestFitting(tried, maxBytes);
  if (over === undefined) return undefined;
  if (fitting && (fitting.index - over.index <= 1 || fitting.bytes.length >= fullEnough * maxBytes)) return undefined;
  if (fitting)
    return Math.min(
      fitting.index - 1,
      Math.max(over.index + 1, Math.ceil(over.index + stepsDown(over, maxBytes, slope(over, fitting, decay)))),
    );
  if (over.index === count - 1) return undefined;
  if (left === 1) return count - 1;
  const fall = beforeThat ? slope(beforeThat, over, decay) : decay;
  return Math.min(count - 1, over.index + Math.max(1, Math.ceil(stepsDown(over, aimFor * maxBytes, fall))));
}

/** By how much the logarithm of the size fell with each step. */
function slope(from: Tried, to: Tried, otherwise: number): number {
  const fall = Math.log(from.bytes.length / to.bytes.length) / (to.index - from.index);
  return fall > 0 ? fall : otherwise;
}

function stepsDown({ bytes }: Tried, wanted: number, fall: number): number {
  return Math.log(bytes.length / wanted) / fall;
}

function run({ data, width, height, channels }: Pixels, { format, xmp }: Encoding, way: Way): Promise<Uint8Array> {
  const isCarried = xmp !== undefined && xmp !== '' && (format !== 'jpeg' || Buffer.byteLength(xmp) <= maxXmpInJpeg);
  return withSharp((sharp) => {
    const image = sharp(data, { raw: { width, height, channels } });
    return way.encode(isCarried ? image.withXmp(xmp) : image).toBuffer();
  });
}

function fits(bytes: Uint8Array, { maxBytes = Number.POSITIVE_INFINITY }: Encoding): boolean {
  return bytes.length <= maxBytes;
}

/** The sentence for a ceiling that cannot be met, with what would help; `size` and `maxBytes` in bytes. */
export function sayMissed(size: number, format: Format, { channels }: Pixels, maxBytes: number): string {
  const smaller = { png: channels === 4 ? ['webp', 'avif'] : ['jpeg', 'webp', 'avif'], jpeg: ['webp', 'avif'], webp: ['avif'], avif: [] }[
    format
  ];
  const ways = [...smaller, 'a smaller width'];
  const help = ways.length === 1 ? ways.join('') : `${ways.slice(0, -1).join(', ')} or ${ways.at(-1)}`;
  return `max_kb: ${maxBytes / 1000} was asked, the smallest limner could make is ${toKb(size)}; ${help} would make it smaller.`;
}

/** Rounded up, so that what is over a limit never reads as if it were at it. */
function toKb(bytes: number): string {
  return `${Math.ceil(bytes / 1000)} kB`;
}
