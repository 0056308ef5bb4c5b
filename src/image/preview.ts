import { type Size, sniff } from '../media.ts';
import { badgeSize, drawBadge } from './badge.ts';
import { decoding, headerOnly, type Sharp, withSharp } from './sharp.ts';

/** A small picture for the agent, never a substitute for the file. */
export interface Preview {
  mediaType: 'image/jpeg';
  bytes: Uint8Array;
}

/** Largest preview in bytes; base64 makes it a third more. Keeps every host far from its limit for a tool's result. */
const maxPreviewBytes = 90_000;

/**
 * Tried in order until the bytes fit: first a coarser JPEG, then fewer pixels. The last two are for noise. `share`: the least part of the first one's bytes that was measured, of
 * scenes and of noise; what cannot fit by that is not tried.
 */
const ladder = [
  { edge: 1024, quality: 80, share: 1 },
  { edge: 1024, quality: 70, share: 0.75 },
  { edge: 1024, quality: 60, share: 0.59 },
  { edge: 1024, quality: 50, share: 0.5 },
  { edge: 768, quality: 70, share: 0.35 },
  { edge: 768, quality: 60, share: 0.28 },
  { edge: 512, quality: 70, share: 0.11 },
  { edge: 512, quality: 60, share: 0.09 },
  { edge: 512, quality: 40, share: 0.05 },
  { edge: 384, quality: 30, share: 0.02 },
] as const;

/** Code tables made for the picture would save 2 % of the bytes and take as long again as all else. */
const quickly = { optimiseCoding: false, mozjpeg: false } as const;

const checker = { size: 16, light: 255, dark: 200 } as const;

/** One picture, long edge at most `edge` pixels, alpha laid on a checkerboard. */
export function makePreview(bytes: Uint8Array, edge: number): Promise<Preview> {
  return withSharp(async (sharp) => {
    if (await isSoonDecoded(sharp, bytes))
      return encodeSmall(() => sharp(bytes, decoding).toColourspace('srgb'), edge, guessShareOfJpeg(bytes));
    return encodePixels(sharp, await toPixels(sharp, bytes, edge), edge);
  });
}

/** Up to this size a JPEG is decoded anew for each try, in pixels: while it is read it can be encoded, which is sooner than pixels can be handed over in between. */
const soonDecoded = 2_000_000;

async function isSoonDecoded(sharp: Sharp, bytes: Uint8Array): Promise<boolean> {
  if (sniff(bytes) !== 'jpeg') return false;
  const { width, height } = await sharp(bytes, headerOnly).metadata();
  return width * height <= soonDecoded;
}

/** Several pictures as one numbered sheet, in order; `numbers` as in the list of files, from 1 unless told. */
export function makeContactSheet(pictures: readonly Uint8Array[], edge: number, numbers?: readonly number[]): Promise<Preview> {
  return withSharp(async (sharp) => {
    const gap = 8;
    const sizes = await Promise.all(pictures.map((picture) => sharp(picture, decoding).metadata()));
    const largest = { width: Math.max(...sizes.map(({ width }) => width)), height: Math.max(...sizes.map(({ height }) => height)) };
    const { columns, rows, cell } = bestGrid(pictures.length, sizes[0] ?? largest, largest, edge, gap);
    const tiles: { input: Buffer; raw: RawPixels['info']; left: number; top: number }[] = [];
    for (const [index, picture] of pictures.entries()) {
      const { data, info } = await toPixels(sharp, picture, cell);
      const corner = { left: gap + (index % columns) * (cell.width + gap), top: gap + Math.floor(index / columns) * (cell.height + gap) };
      const left = corner.left + Math.floor((cell.width - info.width) / 2);
      const top = corner.top + Math.floor((cell.height - info.height) / 2);
      // In the picture's corner, or for a small one in its cell's, where it hides less.
      const inset = Math.min(info.width, info.height) > 4 * badgeSize ? { left: left + 6, top: top + 6 } : corner;
      tiles.push({ input: data, raw: info, left, top }, { input: drawBadge(numbers?.[index] ?? index + 1), raw: badge, ...inset });
    }
    const sheet = {
      width: gap + columns * (cell.width + gap),
      height: gap + rows * (cell.height + gap),
      channels: 3,
      background: '#3a3a3a',
    } as const;
    const laid = await sharp({ create: sheet }).composite(tiles).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return encodePixels(sharp, toRawPixels(laid), edge);
  });
}

const badge = { width: badgeSize, height: badgeSize, channels: 4 } as const;

interface RawPixels {
  data: Buffer;
  info: Size & { channels: 1 | 2 | 3 | 4 };
}

/** Decoded once, as small as wanted, opaque; the ladder then works on these pixels. */
async function toPixels(sharp: Sharp, bytes: Uint8Array, fit: number | Size): Promise<RawPixels> {
  const { width, height } = typeof fit === 'number' ? { width: fit, height: fit } : fit;
  const small = await sharp(bytes, decoding)
    .resize(width, height, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = toRawPixels(small);
  return pixels.info.channels === 4 ? layOnChecker(sharp, pixels) : pixels;
}

function toRawPixels({ data, info: { width, height, channels } }: RawPixels): RawPixels {
  return { data, info: { width, height, channels } };
}

async function layOnChecker(sharp: Sharp, { data, info }: RawPixels): Promise<RawPixels> {
  const { width, height } = info;
  const laid = await sharp(drawChecker(info), { raw: { width, height, channels: 3 } })
    .composite([{ input: data, raw: info }])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return toRawPixels(laid);
}

function drawChecker({ width, height }: Size): Buffer {
  const { size, light, dark } = checker;
  const pixels = Buffer.alloc(width * height * 3, light);
  for (let y = 0; y < height; y++) {
    for (let x = Math.floor(y / size) % 2 === 0 ? 0 : size; x < width; x += 2 * size) {
      const start = 3 * (y * width + x);
      pixels.fill(dark, start, start + 3 * Math.min(size, width - x));
    }
  }
  return pixels;
}

async function encodePixels(sharp: Sharp, pixels: RawPixels, edge: number): Promise<Preview> {
  const most = edge >= ladder[0].edge ? await guessShare(sharp, pixels) : 1;
  return encodeSmall(() => sharp(pixels.data, { raw: pixels.info }), edge, most);
}

/** `open` reads the picture anew; `guess` is what part of its bytes by the first step of the ladder it may have. */
async function encodeSmall(open: () => ReturnType<Sharp>, edge: number, guess: number): Promise<Preview> {
  let [bytes, most] = [Buffer.alloc(0), guess];
  for (const step of ladder.filter((candidate) => candidate.edge <= edge)) {
    if (step.share > most && step !== ladder.at(-1)) continue;
    bytes = await open()
      .resize(step.edge, step.edge, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: step.quality, ...quickly })
      .toBuffer();
    if (bytes.length <= maxPreviewBytes) break;
    most = (step.share * maxPreviewBytes) / bytes.length;
  }
  return { mediaType: 'image/jpeg', bytes };
}

/** The least part of a JPEG's own bytes that was measured of the same picture by the first step of the ladder: of noise, at the quality Gemini sends. */
const leastOfJpeg = 0.23;

function guessShareOfJpeg({ length }: Uint8Array): number {
  return maxPreviewBytes / (leastOfJpeg * length);
}

/** Every so many bands of rows, each as high as the blocks JPEG works in, one is encoded to guess at the whole; short pictures are encoded soon enough. */
const [bandRows, bandsPerSample, worthGuessing] = [16, 8, 512] as const;

/** A guess may be wrong by this much, which is tried rather than passed over. */
const guessTolerance = 1.05;

/** What part of its bytes by the first step of the ladder a picture may have, by a sample of its rows; more than 1 where all of them fit. */
async function guessShare(sharp: Sharp, { data, info: { width, height, channels } }: RawPixels): Promise<number> {
  if (height < worthGuessing) return 1;
  const band = bandRows * width * channels;
  const bands = Array.from({ length: Math.floor(height / bandRows / bandsPerSample) }, (_, index) =>
    data.subarray(index * bandsPerSample * band, index * bandsPerSample * band + band),
  );
  const sampled = { width, height: bands.length * bandRows, channels };
  const { length } = await sharp(Buffer.concat(bands), { raw: sampled })
    .jpeg({ quality: ladder[0].quality, ...quickly })
    .toBuffer();
  return (guessTolerance * maxPreviewBytes * sampled.height) / (length * height);
}

/** The grid that shows pictures of the first one's shape largest inside a square sheet; no cell larger than any picture needs beside its number. */
function bestGrid(count: number, shape: Size, largest: Size, edge: number, gap: number): { columns: number; rows: number; cell: Size } {
  const grids = Array.from({ length: count }, (_, index) => index + 1).map((columns) => {
    const rows = Math.ceil(count / columns);
    const scale = Math.min((edge - gap * (columns + 1)) / columns / shape.width, (edge - gap * (rows + 1)) / rows / shape.height);
    return {
      columns,
      rows,
      cell: { width: Math.max(1, Math.floor(shape.width * scale)), height: Math.max(1, Math.floor(shape.height * scale)) },
    };
  });
  const { cell, ...grid } = grids.reduce((best, candidate) => (candidate.cell.width > best.cell.width ? candidate : best));
  const least = 2 * badgeSize;
  return {
    ...grid,
    cell: { width: Math.max(least, Math.min(cell.width, largest.width)), height: Math.max(least, Math.min(cell.height, largest.height)) },
  };
}
