import { ToolError } from '../errors.ts';
import { finish } from '../image/finish.ts';
import type { PictureFacts } from '../image/inspect.ts';
import { damaged } from '../image/unreadable.ts';
import { isSourceType, readXmp, type SourceType, toXmp } from '../image/xmp.ts';
import { readXmpPacket } from '../image/xmp-packet.ts';
import { type Format, isFormat } from '../media.ts';
import { toAltText } from '../text.ts';
import type { ExportSource, ExportWish, RemoveBackground } from './wish.ts';

/** A picture ready to be made into files: its background and margins already off where that was asked. */
export interface Opened {
  name: string;
  /** What its files are named after; unlike any other of the call. */
  stem: string;
  bytes: Uint8Array;
  kind: PictureFacts['kind'];
  /** Pixels, upright. */
  width: number;
  height: number;
  /** The format of its files when none is asked: its own, where limner makes that. */
  format: Format;
  /** Where its pixels come from, where that is a term limner writes. */
  sourceType: SourceType | undefined;
  /** The packet its files carry; empty for none: others' packets hold places and names. */
  xmp: string;
  /** What it shows, in one line. */
  alt: string | undefined;
  /** The bytes as they are here have it in them. */
  carriesAlt: boolean;
  /** What was done to it before any file was made. */
  notes: readonly string[];
}

/** Does something with one picture; what is found unreadable then has its name, since a call may have many. */
export async function named<T>(name: string, job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== 'unreadable_image') throw error;
    throw damaged(name, error);
  }
}

/** Opens a picture; its background and margins go first. */
export async function openSource(source: ExportSource, wish: ExportWish, removeBackground: RemoveBackground): Promise<Opened> {
  const { name, stem, bytes, facts } = source;
  const { sourceType: own, alt: ownAlt } = readXmp(await readXmpPacket(bytes));
  const alt = toAltText(wish.alt ?? source.alt ?? ownAlt);
  const carriesAlt = alt === toAltText(ownAlt);
  const term = source.sourceType ?? own;
  const sourceType = isSourceType(term) ? term : undefined;
  const xmp = toXmp({ sourceType, alt });
  const format = isFormat(facts.kind) ? facts.kind : 'png';
  const { kind, width, height } = facts;
  const plain: Opened = { name, stem, bytes, kind, width, height, format, sourceType, xmp, alt, carriesAlt, notes: [] };
  const cut = wish.transparent ? await cutOut(plain, removeBackground) : plain;
  return wish.trim ? trim(cut) : cut;
}

/** The tool gives back the very same bytes where there is nothing to remove. */
async function cutOut(picture: Opened, removeBackground: RemoveBackground): Promise<Opened> {
  const { bytes, notes } = await removeBackground(picture.bytes, picture.name, picture.xmp);
  const kind = bytes === picture.bytes ? picture.kind : 'png';
  const carriesAlt = picture.carriesAlt || bytes !== picture.bytes;
  return { ...picture, bytes, kind, format: picture.format === 'jpeg' ? 'png' : picture.format, carriesAlt, notes };
}

/** Margins go first, so that every size that follows is of what is left. */
async function trim(picture: Opened): Promise<Opened> {
  const { image, notes } = await finish({ ...picture, format: picture.kind }, { trim: true, format: 'png', xmp: picture.xmp });
  const { bytes, width, height } = image;
  if (width === picture.width && height === picture.height) return { ...picture, notes: [...picture.notes, ...notes.slice(0, 1)] };
  return { ...picture, bytes, kind: 'png', width, height, carriesAlt: true, notes: [...picture.notes, ...notes.slice(0, 1)] };
}
