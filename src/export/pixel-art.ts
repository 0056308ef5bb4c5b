import { ToolError } from '../errors.ts';
import { enlargePixels, openScaled } from '../image/scale.ts';
import { type TruePixels, toTruePixels } from '../image/true-pixels.ts';
import { formatSize, quote } from '../text.ts';
import { fileName, pixelFile } from './file.ts';
import type { Opened } from './source.ts';
import type { Exported, ExportWish } from './wish.ts';

const mostColours = 32;
/** Up to this edge a picture without fat pixels is taken for true pixel art already. */
const alreadySmall = 256;
/** The enlarged copy is for looking at: about as large as the picture was, in whole steps, and no larger than this. */
const largestView = 2048;
/** More pixels than this along an edge are no pixel art, and no more are looked at. */
const largestGrid = 1024;

/** A picture in the style of pixel art → one pixel for each fat one, and the same enlarged by whole steps; at most 32 colours, alpha all or nothing. */
export async function exportPixelArt(picture: Opened, wish: ExportWish): Promise<Exported> {
  const { pixels, colours } = await findPixels(picture, wish);
  const times = Math.floor(Math.min(largestView, Math.max(picture.width, picture.height)) / Math.max(pixels.width, pixels.height));
  const encoding = { format: 'png', xmp: picture.xmp, lossless: true } as const;
  const found =
    wish.width === undefined && wish.height === undefined
      ? `found in ${formatSize(picture)}, fat pixels of ${(picture.width / pixels.width).toFixed(2)}`
      : `as asked, of ${formatSize(picture)}`;
  const notes = [`Grid ${formatSize(pixels)} ${found}; ${colours.length} colours.`];
  const files = [await pixelFile(fileName(picture.stem, 'png'), pixels, encoding, notes)];
  if (times > 1) {
    const name = fileName(`${picture.stem}-${times}x`, 'png');
    files.push(await pixelFile(name, await enlargePixels(pixels, times), encoding, [`Each pixel ${times}×${times}.`]));
  }
  return { files, markup: [{ language: 'css', text: 'image-rendering: pixelated;' }], notes: picture.notes };
}

async function findPixels(picture: Opened, { width: columns, height: rows }: ExportWish): Promise<TruePixels> {
  const pixels = await openScaled(picture.bytes, { width: largestGrid, height: largestGrid });
  if ((columns ?? 1) > Math.min(largestGrid, pixels.width) || (rows ?? 1) > Math.min(largestGrid, pixels.height)) {
    throw new ToolError(
      'invalid_argument',
      `For pixel-art \`width\` and \`height\` count fat pixels, at most ${largestGrid} and no more than the picture has; ${columns ?? '?'}×${rows ?? '?'} came for ${formatSize(picture)}. Give 32 to 256, or leave them out and the grid is found.`,
    );
  }
  const found = toTruePixels(pixels, { columns, rows, colours: mostColours });
  if (found !== undefined) return found;
  const isSmall = Math.max(pixels.width, pixels.height) <= alreadySmall;
  const asItIs = isSmall ? toTruePixels(pixels, { columns: pixels.width, rows: pixels.height, colours: mostColours }) : undefined;
  if (asItIs !== undefined) return asItIs;
  throw new ToolError(
    'unsupported',
    `${quote(picture.name, 200)} has no grid of fat pixels that can be found. Give \`width\`, how many pixels wide the pixel art shall be (such as 64), or a picture in the style of pixel art.`,
  );
}
