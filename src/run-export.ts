import { basename, dirname, extname } from 'node:path';
import { identify, type Memory, type Picture } from './archive/identify.ts';
import type { Config } from './config.ts';
import { requireWanted, runPatientJob } from './decoder/decoder.ts';
import { createExportWork } from './decoder/pictures.ts';
import { ToolError } from './errors.ts';
import { exportPictures } from './export/export.ts';
import type { Exported, ExportedFile, ExportSource, ExportWish } from './export/wish.ts';
import { nameFiles, type WrittenFile, writeFiles } from './export-files.ts';
import { findPictures } from './files/folder.ts';
import { isHidden, isInArchive, workingFolder } from './files/paths.ts';
import { findTarget, type Target } from './files/target.ts';
import type { Preview } from './image/preview.ts';
import { formatOfExtension } from './media.ts';
import { cleanText, formatBytes, toFileStem } from './text.ts';

/** What an export is asked: which pictures, what of them, and where to. */
export interface ExportRequest {
  images: readonly string[];
  wish: ExportWish;
  output?: string | undefined;
  overwrite?: boolean | undefined;
}

/** What an export may use. */
export interface Exporter extends Memory {
  config: Config;
  /** Fires when whoever asked no longer waits. */
  cancelled?: AbortSignal;
}

/** What an export brought. */
export interface ExportOutcome {
  files: readonly WrittenFile[];
  /** Where they are; absolute. */
  folder: string;
  sources: readonly { path: string; id?: string }[];
  markup: Exported['markup'];
  notes: readonly string[];
  warnings: readonly string[];
  previews: readonly Preview[];
}

/** The most pictures one export takes, and their bytes together: all of them are held at once. */
const mostPictures = 100;
const mostBytes = 400_000_000;

/** Pictures on the preview; more would be too small to tell apart. */
const mostOnPreview = 16;

/** Each export may hold 800 MB, and more of them than this wait; a slow download holds up only those that wait. */
const mostAtOnce = 3;

let running = 0;
const waiting: (() => void)[] = [];

/**
 * Makes the files and writes them, all of them or, as far as can be told before, none. Free, and no picture leaves this computer. Throws `cancelled` once nobody waits;
 * then nothing is written.
 */
export async function runExport(request: ExportRequest, exporter: Exporter): Promise<ExportOutcome> {
  if (running < mostAtOnce) running += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await exportNow(request, exporter);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

async function exportNow({ images, wish, output, overwrite = false }: ExportRequest, exporter: Exporter): Promise<ExportOutcome> {
  const { config, archive, cancelled } = exporter;
  requireWanted(cancelled);
  const pictures = await readAll(images, exporter);
  const target = await findExportTarget(output, wish, pictures, config);
  const format = target.format ?? wish.format;
  if (target.format && wish.format && target.format !== wish.format) {
    throw new ToolError(
      'invalid_argument',
      `output ends in .${target.extension} and format is ${wish.format}: they disagree. Leave format out.`,
    );
  }
  const made = await exportPictures(pictures.map(toSource), { ...wish, format }, createExportWork(cancelled));
  requireWanted(cancelled);
  const { files, markup } = nameFiles(made, target, wish);
  const isInvented = wish.preset === 'none' && target.stem === undefined && !overwrite;
  const written = await writeFiles(files, { folder: target.folder, isInvented, overwrite }, config, archive);
  return {
    files: written,
    folder: target.folder,
    sources: pictures.map(({ path, record }) => ({ path, ...(record && { id: record.id }) })),
    markup,
    notes: made.notes,
    warnings: pictures.flatMap(({ warning }) => (warning === undefined ? [] : [warning])),
    previews: await makePreviews(made.files, exporter),
  };
}

/** The pictures that are meant, each once per naming; a folder stands for the pictures in it. */
async function readAll(images: readonly string[], { config, archive, ledger, cancelled }: Exporter): Promise<Picture[]> {
  const named: string[] = [];
  for (const image of images) named.push(...((await findPictures(image, config)) ?? [image]));
  if (named.length > mostPictures) {
    throw new ToolError(
      'invalid_argument',
      `images are ${named.length} pictures; one call takes up to ${mostPictures}. Export them in parts.`,
    );
  }
  const pictures: Picture[] = [];
  let bytes = 0;
  for (const name of named) {
    requireWanted(cancelled);
    const picture = await identify(name, config, { archive, ledger }, cancelled);
    bytes += picture.bytes.length;
    if (bytes > mostBytes) {
      throw new ToolError(
        'invalid_argument',
        `images have more than ${formatBytes(mostBytes)} together; one call takes no more. Export them in parts.`,
      );
    }
    pictures.push(picture);
  }
  return pictures;
}

/** Beside the (first) picture unless told; one in the archive, in a hidden folder or downloaded has no such place. What makes several files can only mean a folder. */
async function findExportTarget(
  output: string | undefined,
  { preset }: ExportWish,
  [first]: readonly Picture[],
  config: Config,
): Promise<Target> {
  if (output !== undefined || first === undefined) {
    const target = await findTarget(output, config);
    return target.stem === undefined || target.extension !== undefined || preset === 'none' ? target : findTarget(`${output}/`, config);
  }
  const folder = dirname(first.path);
  const isPlace = !first.isDownloaded && !(await isInArchive(first.path, config)) && !(await isHidden(folder, config));
  const beside = isPlace ? folder : workingFolder(config);
  return findTarget(`${beside}/`, config);
}

function toSource({ path, isDownloaded, name, bytes, facts, record }: Picture): ExportSource {
  const delivered = record?.delivered?.path ?? (isDownloaded ? name : path);
  const own = basename(delivered, extname(delivered));
  const stem = isDownloaded ? toFileStem(own) : toSafeStem(own);
  return { name, stem, bytes, facts, ...(record?.sourceType !== undefined && { sourceType: record.sourceType }), alt: record?.alt };
}

/** Longest stem in characters: suffixes and an extension follow, and a character may take four of the 255 bytes a name has. */
const longestStem = 50;

/** A name from a disk as part of new names and of answers: nothing in it that ends lines, steers terminals or hides. */
function toSafeStem(stem: string): string {
  return [...cleanText(stem.replace(/\s+/g, ' '), 1000)].slice(0, longestStem).join('').trim() || 'picture';
}

/** One picture, or one numbered sheet. A preview that fails costs nobody their files. */
async function makePreviews(files: readonly ExportedFile[], { config: { preview: edge }, cancelled }: Exporter): Promise<Preview[]> {
  const pictures = files
    .map(({ name, bytes }, index) => ({ bytes, number: index + 1, isPicture: formatOfExtension(extname(name).slice(1)) !== undefined }))
    .filter(({ isPicture }) => isPicture)
    .slice(0, mostOnPreview);
  const [first, ...others] = pictures;
  if (edge === 'none' || first === undefined) return [];
  try {
    if (others.length === 0) return [await runPatientJob(cancelled, 'makePreview', first.bytes, edge)];
    return [
      await runPatientJob(
        cancelled,
        'makeContactSheet',
        pictures.map(({ bytes }) => bytes),
        edge,
        pictures.map(({ number }) => number),
      ),
    ];
  } catch {
    return [];
  }
}
