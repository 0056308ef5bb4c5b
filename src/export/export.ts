import { exportAndroid, exportIos } from './app-icons.ts';
import { exportPixelArt } from './pixel-art.ts';
import { exportOg, exportPlain } from './plain.ts';
import { exportDensities, exportSrcset } from './responsive.ts';
import { checkWish } from './rules.ts';
import { named, type Opened, openSources } from './source.ts';
import { exportSprite } from './sprite.ts';
import { exportFavicon, exportPwa } from './web-icons.ts';
import type { Exported, ExportSource, ExportTools, ExportWish } from './wish.ts';

/**
 * The files that a wish makes of pictures, in memory: no disk, no server, no model. Throws `invalid_argument` for what cannot be meant, before any picture is
 * opened, `unsupported` for what no file can be, `unreadable_image` for what cannot be decoded, and what the tools throw.
 */
export async function exportPictures(sources: readonly ExportSource[], wish: ExportWish, tools: ExportTools): Promise<Exported> {
  checkWish(sources, wish);
  const pictures = await openSources(sources, wish, tools);
  if (wish.preset === 'sprite') return exportSprite(pictures, wish);
  const exported: Exported[] = [];
  for (const picture of pictures) exported.push(await named(picture.name, () => exportOne(picture, wish, tools, pictures.length === 1)));
  return {
    files: exported.flatMap(({ files }) => files),
    markup: exported.flatMap(({ markup }) => markup),
    notes: [...new Set(exported.flatMap(({ notes }) => notes))],
  };
}

function exportOne(picture: Opened, wish: ExportWish, tools: ExportTools, isOnly: boolean): Promise<Exported> {
  switch (wish.preset) {
    case 'favicon':
      return exportFavicon(picture, wish);
    case 'pwa':
      return exportPwa(picture, wish);
    case 'ios':
      return exportIos(picture, wish);
    case 'android':
      return exportAndroid(picture, wish);
    case 'og':
      return exportOg(picture, wish, isOnly);
    case 'srcset':
      return exportSrcset(picture, wish);
    case 'densities':
      return exportDensities(picture, wish);
    case 'pixel-art':
      return exportPixelArt(picture, wish, tools);
    default:
      return exportPlain(picture, wish);
  }
}
