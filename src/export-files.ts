import { basename, dirname, extname, join } from 'node:path';
import type { Archive } from './archive/archive.ts';
import type { Config } from './config.ts';
import { ToolError } from './errors.ts';
import { toUrl } from './export/markup.ts';
import type { Exported, ExportedFile, ExportWish } from './export/wish.ts';
import { isHidden, requireAllowed, toShownPath } from './files/paths.ts';
import { ensureWritable, publish } from './files/publish.ts';
import { exists, isPlainFile, type ReadFile, readPictureFile } from './files/read.ts';
import type { Target } from './files/target.ts';
import { sniff } from './media.ts';
import { showPath } from './text.ts';

/** A file that was written. */
export interface WrittenFile extends Omit<ExportedFile, 'bytes'> {
  /** Absolute. */
  path: string;
  bytes: number;
  /** Where the file it replaced is kept. */
  replaced?: string;
}

/** Under the name that was given, in the markup too, when one file comes out. Throws `invalid_argument` when several do. */
export function nameFiles(
  { files, markup }: Exported,
  { stem, extension }: Target,
  { preset }: ExportWish,
): Pick<Exported, 'files' | 'markup'> {
  if (stem === undefined) return { files, markup };
  const [only, ...others] = files;
  if (only === undefined || others.length > 0) {
    const what = preset === 'none' ? 'These pictures make' : `${preset} makes`;
    throw new ToolError('invalid_argument', `${what} ${files.length} files, and output names one. Give a folder, ending in /.`);
  }
  const name = `${stem}.${extension ?? extname(only.name).slice(1)}`;
  const rename = (text: string) => text.replaceAll(toUrl(only.name), toUrl(name));
  return { files: [{ ...only, name }], markup: markup.map(({ language, text }) => ({ language, text: rename(text) })) };
}

/** Where files go, and what may be done to what is there. */
export interface ExportPlace {
  /** Absolute. */
  folder: string;
  /** Names are limner's own, so that a taken one may be another. */
  isInvented: boolean;
  overwrite: boolean;
}

/** Writes the files, all of them or, as far as can be told before, none. Throws `not_allowed`, `file_exists`, `cannot_write`. */
export async function writeFiles(
  files: readonly ExportedFile[],
  place: ExportPlace,
  config: Config,
  archive: Archive,
): Promise<WrittenFile[]> {
  const { folder, isInvented, overwrite } = place;
  // A subfolder that is there already may be a link to anywhere.
  for (const below of new Set(files.map(({ name }) => dirname(toPath(folder, name))))) await requireSubfolder(below, config);
  if (!isInvented) await requireFree(files, place, config);
  await ensureWritable(
    folder,
    files.reduce((sum, { bytes }) => sum + bytes.length, 0),
    config,
  );
  const written: WrittenFile[] = [];
  for (const file of files) {
    const writing = isInvented ? writeNumbered(file, folder, config) : writeNamed(file, folder, overwrite, { config, archive });
    written.push(
      await writing.catch((error: unknown) => {
        throw toPartial(error, written);
      }),
    );
  }
  return written;
}

/** Throws `not_allowed` for a folder that is, or leads, outside the allowed ones or into a hidden one. */
async function requireSubfolder(folder: string, config: Config): Promise<void> {
  if (!(await isHidden(await requireAllowed(folder, config, 'write'), config))) return;
  throw new ToolError(
    'not_allowed',
    `${toShownPath(folder)} leads into a hidden folder, such as .git or .vscode, which other programs obey, so limner does not write there. Choose another output.`,
  );
}

/** Names the caller or the markup counts on. Throws `file_exists`, naming what is there. */
async function requireFree(files: readonly ExportedFile[], { folder, overwrite }: ExportPlace, config: Config): Promise<void> {
  const taken: { path: string; bytes: Uint8Array }[] = [];
  for (const { name, bytes } of files) {
    const path = toPath(folder, name);
    if (await exists(path)) taken.push({ path, bytes });
  }
  if (taken.length === 0) return;
  const list = `${taken
    .slice(0, 5)
    .map(({ path }) => toShownPath(path))
    .join(', ')}${taken.length > 5 ? ` and ${taken.length - 5} more` : ''}`;
  if (!overwrite)
    throw new ToolError('file_exists', `There already: ${list}. Choose another output, or set overwrite to true to replace them.`);
  for (const { path, bytes } of taken) {
    if (!(await isPlainFile(path)))
      throw new ToolError(
        'file_exists',
        `${toShownPath(path)} is a folder or a link, so limner does not replace it. Choose another output.`,
      );
    await readReplaceable(path, bytes, config);
  }
}

/** What stands where a file shall go, when that may be: a picture gives way to pictures only. Throws `file_exists`. */
async function readReplaceable(path: string, bytes: Uint8Array, config: Config): Promise<ReadFile> {
  const old = await readPictureFile(path, config);
  if (sniff(bytes) === undefined || sniff(old.bytes) !== undefined) return old;
  throw new ToolError(
    'file_exists',
    `${toShownPath(path)} exists and is not a picture, so limner does not replace it. Choose another output.`,
  );
}

function toPath(folder: string, name: string): string {
  return join(folder, ...name.split('/'));
}

async function writeNumbered(file: ExportedFile, folder: string, config: Config): Promise<WrittenFile> {
  const { bytes, ...facts } = file;
  const wanted = toPath(folder, file.name);
  const path = await publish(wanted, bytes, 'number', { places: config });
  const notes =
    path === wanted
      ? facts.notes
      : [...facts.notes, `${showPath(basename(wanted))} was there already, so the name is ${showPath(basename(path))}.`];
  return { ...facts, notes, path, bytes: bytes.length };
}

/** Under this name and no other, since the caller or the markup counts on it; what it replaces is kept first. */
async function writeNamed(
  file: ExportedFile,
  folder: string,
  overwrite: boolean,
  { config, archive }: { config: Config; archive: Archive },
): Promise<WrittenFile> {
  const { bytes, ...facts } = file;
  const path = toPath(folder, file.name);
  await ensureWritable(dirname(path), bytes.length, config);
  const old = overwrite && (await exists(path)) ? await readReplaceable(path, bytes, config) : undefined;
  const replaced = old && (await archive.keepReplaced(old));
  await publish(path, bytes, replaced === undefined ? 'refuse' : 'replace', { places: config });
  return { ...facts, path, bytes: bytes.length, ...(replaced !== undefined && { replaced }) };
}

function toPartial(error: unknown, written: readonly WrittenFile[]): unknown {
  if (!(error instanceof ToolError) || written.length === 0) return error;
  return new ToolError(error.code, `${error.message} Written before that: ${written.map(({ path }) => showPath(path)).join(', ')}.`, {
    cause: error,
  });
}
