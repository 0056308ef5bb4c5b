import type { Size } from '../media.ts';
import { type PictureFacts, unreadable } from './inspect.ts';
import { decoding, type Sharp, withSharp } from './sharp.ts';

export interface PictureToSend {
  name: string;
  bytes: Uint8Array;
  facts: PictureFacts;
  /** Longest edge the model can use, in pixels. */
  maxEdge: number;
}

export interface PreparedPicture extends Size {
  bytes: Uint8Array;
  mediaType: 'image/png' | 'image/jpeg';
}

/** Bytes of pictures one request may carry, so that the request stays below 20 MB once they are base64 and words are added. */
const requestBudget = 14_000_000;

/** Ways to make a picture smaller, tried in order: sharpness of pixels goes before their number. */
const steps = [
  { edge: 1, quality: 95 },
  { edge: 1, quality: 88 },
  { edge: 0.8, quality: 88 },
  { edge: 0.6, quality: 85 },
  { edge: 0.45, quality: 80 },
  { edge: 0.3, quality: 75 },
] as const;

/**
 * Pictures as they may leave this computer: upright, without metadata (a photo's GPS never leaves), PNG or JPEG, no larger than the model can use,
 * all together small enough for one request. Each gets an equal share of the room; what small ones leave, large ones get.
 * Throws `unreadable_image` naming the picture that cannot be decoded.
 */
export async function prepare(pictures: readonly PictureToSend[]): Promise<PreparedPicture[]> {
  const smallestFirst = pictures
    .map((picture, index) => ({ picture, index }))
    .sort((a, b) => a.picture.bytes.length - b.picture.bytes.length);
  const prepared: { index: number; result: PreparedPicture }[] = [];
  let room = requestBudget;
  for (const { picture, index } of smallestFirst) {
    const share = Math.floor(room / (pictures.length - prepared.length));
    const result = await withSharp((sharp) => shrink(sharp, picture, share));
    room -= result.bytes.length;
    prepared.push({ index, result });
  }
  return prepared.sort((a, b) => a.index - b.index).map(({ result }) => result);
}

async function shrink(sharp: Sharp, picture: PictureToSend, maxBytes: number): Promise<PreparedPicture> {
  const { facts, name } = picture;
  try {
    let smallest = facts.hasAlpha || isDrawing(facts) ? await encode(sharp, picture, 1, undefined) : undefined;
    for (const { edge, quality } of steps) {
      if (smallest && smallest.bytes.length <= maxBytes) return smallest;
      smallest = await encode(sharp, picture, edge, facts.hasAlpha ? undefined : quality);
    }
    if (smallest) return smallest;
  } catch (cause) {
    throw unreadable(name, 'is damaged: its pixels cannot be decoded.', cause);
  }
  throw unreadable(name, 'could not be made ready to send.');
}

/** Formats that come from screens and drawing programs are worth sending without loss when they fit. */
function isDrawing(facts: PictureFacts): boolean {
  return facts.kind === 'png' || facts.kind === 'gif';
}

/** `quality` undefined asks for PNG. */
async function encode(sharp: Sharp, picture: PictureToSend, scale: number, quality: number | undefined): Promise<PreparedPicture> {
  const edge = Math.max(1, Math.round(picture.maxEdge * scale));
  const upright = sharp(picture.bytes, decoding)
    .rotate()
    .resize(edge, edge, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb');
  const encoded = quality === undefined ? upright.png() : upright.jpeg({ quality, chromaSubsampling: '4:4:4' });
  const { data, info } = await encoded.toBuffer({ resolveWithObject: true });
  return { bytes: data, mediaType: quality === undefined ? 'image/png' : 'image/jpeg', width: info.width, height: info.height };
}
