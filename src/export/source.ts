import { ToolError } from '../errors.ts';
import { finish } from '../image/finish.ts';
import { damaged, type PictureFacts } from '../image/inspect.ts';
import { isSourceType, readXmp, type SourceType, toXmp } from '../image/xmp.ts';
import { readXmpPacket } from '../image/xmp-packet.ts';
import { type Format, isFormat } from '../media.ts';
import type { ExportSource, ExportTools, ExportWish } from './wish.ts';

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
  alt: string | undefined;
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

/** Opens every picture in turn. Throws what the tools throw. */
export async function openSources(sources: readonly ExportSource[], wish: ExportWish, tools: ExportTools): Promise<Opened[]> {
  const stems = uniqueNames(sources.map(({ stem }) => stem));
  const opened: Opened[] = [];
  for (const [index, source] of sources.entries()) {
    opened.push(await named(source.name, () => openSource(source, stems[index] ?? source.stem, wish, tools)));
  }
  return opened;
}

async function openSource(source: ExportSource, stem: string, wish: ExportWish, tools: ExportTools): Promise<Opened> {
  const { name, bytes, facts } = source;
  const { sourceType: own, alt } = readXmp(await readXmpPacket(bytes));
  const term = source.sourceType ?? own;
  const sourceType = isSourceType(term) ? term : undefined;
  const xmp = sourceType === undefined ? '' : toXmp({ sourceType, alt });
  const format = isFormat(facts.kind) ? facts.kind : 'png';
  const { kind, width, height } = facts;
  const plain: Opened = { name, stem, bytes, kind, width, height, format, sourceType, xmp, alt, notes: [] };
  const cut = wish.transparent ? await cutOut(plain, tools) : plain;
  return wish.trim ? trim(cut) : cut;
}

/** The tool gives back the very same bytes where there is nothing to remove. */
async function cutOut(picture: Opened, tools: ExportTools): Promise<Opened> {
  const { bytes, notes } = await tools.removeBackground(picture.bytes, picture.name);
  const kind = bytes === picture.bytes ? picture.kind : 'png';
  return { ...picture, bytes, kind, format: picture.format === 'jpeg' ? 'png' : picture.format, notes };
}

/** Margins go first, so that every size that follows is of what is left. */
async function trim(picture: Opened): Promise<Opened> {
  const { image, notes } = await finish({ ...picture, format: picture.kind }, { trim: true, format: 'png', xmp: picture.xmp });
  const { bytes, width, height } = image;
  if (width === picture.width && height === picture.height) return { ...picture, notes: [...picture.notes, ...notes.slice(0, 1)] };
  return { ...picture, bytes, kind: 'png', width, height, notes: [...picture.notes, ...notes.slice(0, 1)] };
}

/** The second of a name becomes name-2, unless that is taken too. Names differ in more than their case, since some disks do not tell that. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let number = 2; taken.has(unique.toLowerCase()); number++) unique = `${name}-${number}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
