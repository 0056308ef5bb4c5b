import { requireDecodable } from '../image/inspect.ts';
import { exportAndroid, exportIos } from './app-icons.ts';
import { exportPixelArt } from './pixel-art.ts';
import { exportOg, exportPlain } from './plain.ts';
import { removeFlatBackground } from './remove-background.ts';
import { exportDensities, exportSrcset } from './responsive.ts';
import { named, type Opened, openSource } from './source.ts';
import { exportSprite } from './sprite.ts';
import { exportFavicon, exportPwa } from './web-icons.ts';
import type { Exported, ExportSource, ExportWish, Preset } from './wish.ts';

/** The files of one picture. Throws `unsupported` for what no file can be, `unreadable_image`, naming it, when it cannot be decoded. */
export async function exportOne(
  source: ExportSource,
  wish: ExportWish,
  isOnly: boolean,
  removeBackground = removeFlatBackground,
): Promise<Exported> {
  const { name, bytes } = source;
  const picture = await named(name, () => openSource(source, wish, removeBackground));
  const made = await named(name, () => makers[wish.preset](picture, wish, isOnly));
  // What is copied was not decoded yet.
  if (made.files.some((file) => file.bytes === bytes)) await requireDecodable(bytes, name);
  const { alt } = picture;
  if (alt === undefined) return made;
  return { ...made, files: made.files.map((file) => (file.width === undefined ? file : { ...file, alt })) };
}

/** One sheet of pictures. Throws as `exportOne` does. */
export async function exportSheet(
  sources: readonly ExportSource[],
  wish: ExportWish,
  removeBackground = removeFlatBackground,
): Promise<Exported> {
  const opened: Opened[] = [];
  // What was said is said of the sheet; each picture on it keeps its own.
  for (const source of sources)
    opened.push(await named(source.name, () => openSource(source, { ...wish, alt: undefined }, removeBackground)));
  return exportSprite(opened, wish);
}

/** What makes the files of each preset. */
const makers: Record<Preset, (picture: Opened, wish: ExportWish, isOnly: boolean) => Promise<Exported>> = {
  none: exportPlain,
  favicon: exportFavicon,
  pwa: exportPwa,
  ios: exportIos,
  android: exportAndroid,
  og: exportOg,
  srcset: exportSrcset,
  densities: exportDensities,
  sprite: (picture, wish) => exportSprite([picture], wish),
  'pixel-art': exportPixelArt,
};
