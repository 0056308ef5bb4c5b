import { ToolError } from '../errors.ts';
import { formatBytes, quote } from '../text.ts';
import { uniqueNames } from './names.ts';
import { checkWish } from './rules.ts';
import type { Exported, ExportedFile, ExportSource, ExportWish, ExportWork } from './wish.ts';

/**
 * The files that a wish makes of pictures, in memory: no disk, no server, no model. Throws `invalid_argument` for what cannot be meant, before any picture is
 * opened, `unsupported` for what no file can be, `unreadable_image` for what cannot be decoded.
 */
export async function exportPictures(sources: readonly ExportSource[], wish: ExportWish, work: ExportWork): Promise<Exported> {
  checkWish(sources, wish);
  const stems = uniqueNames(sources.map(({ stem }) => stem));
  const pictures = sources.map((source, index) => ({ ...source, stem: stems[index] ?? source.stem }));
  if (wish.preset === 'sprite') return work.exportSheet(pictures, wish);
  const exported: Exported[] = [];
  let bytes = 0;
  for (const picture of pictures) {
    const made = await work.exportOne(picture, wish, pictures.length === 1);
    bytes += made.files.reduce((sum, file) => sum + file.bytes.length, 0);
    if (bytes > mostBytes) {
      throw new ToolError(
        'unsupported',
        `These files have more than ${formatBytes(mostBytes)} together. Export the pictures in parts, or smaller.`,
      );
    }
    exported.push(made);
  }
  const files = exported.flatMap((made) => made.files);
  requireDifferentNames(files);
  return {
    files,
    markup: exported.flatMap(({ markup }) => markup),
    notes: [...new Set(exported.flatMap(({ notes }) => notes))],
  };
}

/** All files of a call are held until the first is written; this many bytes of them at most. */
const mostBytes = 400_000_000;

/** `icon@2x.png` may be a picture and the double of another. Throws `invalid_argument`. */
function requireDifferentNames(files: readonly ExportedFile[]): void {
  const names = files.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return;
  throw new ToolError(
    'invalid_argument',
    `Two of the files would be called ${quote(twice, 120)}. Export these pictures one by one, or rename one.`,
  );
}
