import type { PictureFacts } from './inspect.ts';
import { decoding, type Sharp, withSharp } from './sharp.ts';
import { damaged } from './unreadable.ts';

/** A picture of the caller's, and how large the model can use it. */
export interface PictureToSend {
  name: string;
  bytes: Uint8Array;
  facts: PictureFacts;
  /** Longest edge the model can use, in pixels. */
  maxEdge: number;
  /** What transparent parts are laid on, `#rrggbb`; absent: they stay transparent. */
  ground?: string;
}

/** A picture as it may leave this computer. */
export interface PreparedPicture {
  bytes: Uint8Array;
  mediaType: 'image/png' | 'image/jpeg';
}

/**
 * Ways to make a picture smaller, tried in order: sharpness of pixels goes before their number. `weight` is about what the bytes are of the first way's,
 * so that ways which cannot fit need not be tried.
 */
const steps = [
  { edge: 1, quality: 95, weight: 1 },
  { edge: 1, quality: 88, weight: 0.7 },
  { edge: 0.8, quality: 88, weight: 0.45 },
  { edge: 0.6, quality: 85, weight: 0.23 },
  { edge: 0.45, quality: 80, weight: 0.11 },
  { edge: 0.3, quality: 75, weight: 0.04 },
] as const;

/**
 * A picture as it may leave this computer: upright, without metadata (a photo's GPS never leaves), PNG or JPEG, no larger than the model can use. Decoded once;
 * then the first way of encoding that has at most `maxBytes`, or the smallest there is. Throws `unreadable_image` naming it.
 */
export function prepareOne(picture: PictureToSend, maxBytes: number): Promise<PreparedPicture> {
  return withSharp((sharp) => shrink(sharp, picture, maxBytes));
}

async function shrink(sharp: Sharp, picture: PictureToSend, maxBytes: number): Promise<PreparedPicture> {
  const { name } = picture;
  const facts = { ...picture.facts, hasAlpha: picture.facts.hasAlpha && picture.ground === undefined };
  const pixels = await decode(sharp, picture).catch((cause) => {
    throw damaged(name, cause);
  });
  const lossless = facts.hasAlpha || isDrawing(facts);
  let smallest = await encode(sharp, pixels, 1, lossless ? undefined : steps[0].quality);
  const needed = (1.5 * maxBytes) / smallest.bytes.length;
  for (const { edge, quality, weight } of stepsAfterFirst(facts)) {
    if (smallest.bytes.length <= maxBytes) break;
    if (!lossless && weight > needed && edge !== steps.at(-1)?.edge) continue;
    smallest = await encode(sharp, pixels, edge, facts.hasAlpha ? undefined : quality);
  }
  return smallest;
}

/** What is left to try after the first encoding: transparency has no quality to lower, and a drawing was not tried with loss yet. */
function stepsAfterFirst(facts: PictureFacts) {
  if (facts.hasAlpha) return steps.filter(({ edge }) => edge < 1);
  return isDrawing(facts) ? steps : steps.slice(1);
}

/** Formats that come from screens and drawing programs are worth sending without loss when they fit. */
function isDrawing(facts: PictureFacts): boolean {
  return facts.kind === 'png' || facts.kind === 'gif';
}

interface Pixels {
  data: Buffer;
  info: { width: number; height: number; channels: 1 | 2 | 3 | 4 };
}

function decode(sharp: Sharp, { bytes, maxEdge, ground }: PictureToSend): Promise<Pixels> {
  const sized = sharp(bytes, decoding).rotate().resize(maxEdge, maxEdge, { fit: 'inside', withoutEnlargement: true }).toColourspace('srgb');
  return (ground === undefined ? sized : sized.flatten({ background: ground })).raw().toBuffer({ resolveWithObject: true });
}

/** `scale` is of the decoded picture's own size; `quality` undefined asks for PNG. */
async function encode(sharp: Sharp, { data, info }: Pixels, scale: number, quality: number | undefined): Promise<PreparedPicture> {
  const { width, height, channels } = info;
  const edge = Math.max(1, Math.round(Math.max(width, height) * scale));
  const sized = sharp(data, { raw: { width, height, channels } }).resize(edge, edge, { fit: 'inside', withoutEnlargement: true });
  const encoded = quality === undefined ? sized.png() : sized.jpeg({ quality, chromaSubsampling: '4:4:4' });
  return { bytes: await encoded.toBuffer(), mediaType: quality === undefined ? 'image/png' : 'image/jpeg' };
}
