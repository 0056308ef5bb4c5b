import { ToolError } from '../errors.ts';
import type { Exported, ExportSource, ExportWish, ExportWork } from '../export/wish.ts';
import type { Finished, FinishWish } from '../image/finish.ts';
import { readSizeFromHeader, readUprightSize } from '../image/header-size.ts';
import type { PictureFacts } from '../image/inspect.ts';
import { maxPixels } from '../image/limits.ts';
import type { PictureToSend, PreparedPicture } from '../image/prepare.ts';
import { damaged, requireKind } from '../image/unreadable.ts';
import { type Image, isFormat, type Size, sniff } from '../media.ts';
import { quote } from '../text.ts';
import { runJob, runPatientJob } from './decoder.ts';
import { DecoderError } from './decoder-error.ts';

/** What this picture is, by its bytes. Throws `unreadable_image` naming it, with what to do. `name` is what the caller called it. */
export async function inspect(bytes: Uint8Array, name: string): Promise<PictureFacts> {
  requireKind(bytes, name);
  return naming(name, runJob('inspect', bytes, name));
}

/** Whether any pixel lets something shine through; many pictures have an alpha channel that hides nothing. Throws `unreadable_image`. */
export async function hasTransparency(bytes: Uint8Array, { hasAlpha }: PictureFacts, name: string): Promise<boolean> {
  return hasAlpha && (await naming(name, runJob('hasTransparency', bytes, name)));
}

/** How much of a picture of this size a mask leaves to change, from 0 to 1. Throws `unreadable_image`. */
export function measureMask(bytes: Uint8Array, size: Size, name: string): Promise<number> {
  return naming(name, runJob('measureMask', bytes, size));
}

/** Bytes of pictures one request may carry, so that the request stays below 20 MB once they are base64 and words are added. */
const requestBudget = 14_000_000;

/** Bytes of pictures that may lie beside it, all together: what was said is kept, and no more than this is worth keeping. */
const besideBudget = 40_000_000;

/** Where pictures may lie, and how large they may be there. */
export interface Room {
  /** What a request has left when it carries more than these, as base64. */
  asBase64?: number | undefined;
  /** What a single picture may have, in bytes. */
  mostEach?: number | undefined;
  /** Pictures may lie beside the request. */
  isBeside?: boolean;
}

/**
 * Pictures as they may leave this computer: upright, without metadata (a photo's GPS never leaves), PNG or JPEG, no larger than the model can use,
 * all together small enough for one request. Each gets an equal share of the room; what small ones leave, large ones get.
 * Throws `unreadable_image` naming the picture that cannot be decoded.
 */
export async function prepare(
  pictures: readonly PictureToSend[],
  { asBase64, mostEach, isBeside = false }: Room = {},
): Promise<PreparedPicture[]> {
  const smallestFirst = pictures
    .map((picture, index) => ({ picture, index }))
    .sort((a, b) => a.picture.bytes.length - b.picture.bytes.length);
  const prepared: { index: number; result: PreparedPicture }[] = [];
  const most = isBeside ? besideBudget : requestBudget;
  let room = asBase64 === undefined ? most : Math.min(most, Math.floor(asBase64 * 0.74));
  for (const { picture, index } of smallestFirst) {
    const share = Math.floor(room / (pictures.length - prepared.length));
    const { name, bytes, facts, maxEdge, ground } = picture;
    const toSend = { name, bytes, facts, maxEdge, ...(ground !== undefined && { ground }) };
    const result = await naming(name, runJob('prepareOne', toSend, Math.min(share, mostEach ?? most)));
    room -= result.bytes.length;
    prepared.push({ index, result });
  }
  return prepared.sort((a, b) => a.index - b.index).map(({ result }) => result);
}

/**
 * Facts of a picture the model made, or undefined when the bytes are no picture we can deliver as one. Where its first bytes say it all, no process is started for it; what cannot
 * be decoded at all has its size by its header.
 */
export async function readMade(bytes: Uint8Array): Promise<Image | undefined> {
  const format = sniff(bytes);
  if (!isFormat(format)) return undefined;
  const plain = readUprightSize(bytes, format);
  if (plain && plain.width * plain.height <= maxPixels) return { bytes, format, ...plain };
  const size = await runJob('readSize', bytes).catch((error: unknown) => {
    if (error instanceof DecoderError) return readSizeFromHeader(bytes, format);
    throw error;
  });
  return size ? { bytes, format, ...size } : undefined;
}

/** `finish` of a picture the model made. One that is as it is wished is not decoded. */
export async function finish(made: Image, wish: FinishWish): Promise<Finished> {
  const { format = made.format, cropTo, width, height, trim, maxBytes = Number.POSITIVE_INFINITY } = wish;
  const isSized = trim || (cropTo ?? width ?? height) !== undefined;
  if (format === made.format && !isSized && made.bytes.length <= maxBytes) return { image: made, notes: [] };
  const { image, notes } = await runJob('finish', made, wish);
  return { image: image === 'unchanged' ? made : image, notes };
}

/** Exports, each picture's files a job of its own. Throws `unreadable_image` naming the picture, `cancelled` once nobody waits. */
export function createExportWork(cancelled: AbortSignal | undefined): ExportWork {
  return {
    exportOne: (source: ExportSource, wish: ExportWish, isOnly: boolean): Promise<Exported> =>
      naming(source.name, runPatientJob(cancelled, 'exportOne', source, wish, isOnly)),
    exportSheet: (sources: readonly ExportSource[], wish: ExportWish): Promise<Exported> =>
      naming(sources.map(({ name }) => name).join(', '), runPatientJob(cancelled, 'exportSheet', sources, wish)),
  };
}

/** What goes wrong with a picture of the caller's has its name. */
async function naming<T>(name: string, job: Promise<T>): Promise<T> {
  try {
    return await job;
  } catch (error) {
    if (error instanceof DecoderError) throw error.named(quote(name, 200));
    if (error instanceof ToolError) throw error;
    throw damaged(name, error);
  }
}
