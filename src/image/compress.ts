import type { Format } from '../media.ts';
import { formatBytes } from '../text.ts';
import type { Pixels } from './pixels.ts';
import { findBestFitting } from './quality-search.ts';
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

/** A file this full of what it may hold is not worth another encode; of a large picture, where each takes seconds, one a little emptier. */
const fullEnough = { small: 0.95, large: 0.85, largeFrom: 4_000_000 } as const;

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
  const cost = found.cost && bytes === found.bytes ? [`${found.cost}.`] : [];
  if (!fits(bytes, encoding))
    return { bytes, notes: [...notes, ...cost, sayMissed(bytes.length, encoding.format, pixels, encoding.maxBytes ?? 0)] };
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

/** The best way of encoding that fits, or the smallest. */
async function search(pixels: Pixels, encoding: Encoding): Promise<{ bytes: Uint8Array; cost: string | undefined }> {
  const ways = lossyWays(encoding.format);
  const { encodes, decay } = encoding.format === 'png' ? palettes : qualities[encoding.format];
  const enough = pixels.width * pixels.height >= fullEnough.largeFrom ? fullEnough.large : fullEnough.small;
  const limits = { maxBytes: encoding.maxBytes ?? Number.POSITIVE_INFINITY, enough, encodes, decay };
  const { index, bytes } = await findBestFitting(ways.length, limits, async (candidate) => {
    const way = ways[candidate];
    if (way === undefined) throw new RangeError(`There is no way ${candidate} of encoding.`);
    return run(pixels, encoding, way);
  });
  return { bytes, cost: ways[index]?.cost };
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
  return `${bytes < 100_000 ? (Math.ceil(bytes / 100) / 10).toFixed(1) : Math.ceil(bytes / 1000)} kB`;
}
