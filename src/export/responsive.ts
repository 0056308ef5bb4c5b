import { ToolError } from '../errors.ts';
import { finish } from '../image/finish.ts';
import type { Pixels } from '../image/pixels.ts';
import { makePlaceholder, type Placeholder } from '../image/placeholder.ts';
import { flatten, openScaled, openSized } from '../image/scale.ts';
import { type Format, type Size, toMediaType } from '../media.ts';
import { formatSize, quote } from '../text.ts';
import { fileName, maxBytes, pictureFile, pixelFile, toHex } from './file.ts';
import { escapeMarkup, toUrl } from './markup.ts';
import type { Opened } from './source.ts';
import type { Exported, ExportedFile, ExportWish } from './wish.ts';

/** Phones at 1x to large screens; made as far as the picture reaches. */
const defaultWidths = [480, 960, 1440, 1920] as const;
/** The picture's own width joins the default ones when it is so much larger than the last of them. */
const worthAnother = 1.2;
const white = [255, 255, 255] as const;

/** Every width in every format that is worth it, and the `<picture>` element that lets a browser choose. */
export async function exportSrcset(picture: Opened, wish: ExportWish): Promise<Exported> {
  const { widths, leftOut } = chooseWidths(picture.width, wish.widths);
  const formats = chooseFormats(picture, wish.format);
  const files: (ExportedFile & { format: Format })[] = [];
  for (const width of widths) {
    const pixels = await openScaled(picture.bytes, { width });
    for (const format of formats)
      files.push({ ...(await toFile(fileName(`${picture.stem}-${width}`, format), pixels, picture, { ...wish, format })), format });
  }
  const text = pictureElement(picture, formats, files, await makePlaceholder(picture.bytes));
  const notes = [
    ...picture.notes,
    ...(leftOut.length > 0
      ? [`Left out ${leftOut.join(', ')}: the picture is ${picture.width} pixels wide and would only be enlarged.`]
      : []),
    'Set `sizes` to how wide the picture is shown, such as "(min-width: 800px) 50vw, 100vw"; above the fold use loading="eager".',
    ...(picture.alt ? [] : ['The picture carries no description: fill in `alt`, or leave it empty where it is decoration.']),
  ];
  return { files: files.map(({ format: _, ...file }) => file), markup: [{ language: 'html', text }], notes };
}

/** Encodes pixels; jpeg has no alpha. */
async function toFile(name: string, pixels: Pixels, { xmp }: Opened, wish: ExportWish & { format: Format }): Promise<ExportedFile> {
  const encoding = { format: wish.format, xmp, maxBytes: maxBytes(wish) };
  if (wish.format !== 'jpeg' || pixels.channels === 3) return pixelFile(name, pixels, encoding);
  return pixelFile(name, await flatten(pixels, white), encoding, ['jpeg has no transparency: what was transparent is white.']);
}

/** Only widths that the picture has, ascending, each once; its own when it has none of them. */
function chooseWidths(own: number, asked: readonly number[] | undefined): { widths: number[]; leftOut: number[] } {
  const wanted = [...new Set(asked ?? defaultWidths)].sort((a, b) => a - b);
  const widths = wanted.filter((width) => width <= own);
  const last = widths.at(-1);
  const joins = asked === undefined && own < Math.max(...defaultWidths) && (last === undefined || own >= last * worthAnother);
  if (last === undefined || joins) widths.push(own);
  return { widths, leftOut: asked === undefined ? [] : wanted.filter((width) => width > own) };
}

/** From the smallest files to what every browser shows: the format asked, else the picture's own. */
function chooseFormats({ format }: Opened, asked: Format | undefined): Format[] {
  const last = asked ?? (format === 'avif' ? 'webp' : format);
  if (last === 'avif') return ['avif'];
  return last === 'webp' ? ['avif', 'webp'] : ['avif', 'webp', last];
}

/** Width and height keep the place before the file arrives; the colour fills it. */
function pictureElement(
  picture: Opened,
  formats: readonly Format[],
  files: readonly (ExportedFile & { format: Format })[],
  placeholder: Placeholder,
): string {
  const srcset = (format: Format) =>
    files
      .filter((file) => file.format === format)
      .map(({ name, width }) => `${toUrl(name)} ${width}w`)
      .join(', ');
  const fallback = formats.at(-1) ?? picture.format;
  const largest = files.filter((file) => file.format === fallback).at(-1);
  const sources = formats.slice(0, -1).map((format) => `  <source type="${toMediaType(format)}" srcset="${srcset(format)}" sizes="100vw">`);
  const style = placeholder.colour ? ` style="background-color: ${toHex(placeholder.colour)}"` : '';
  const img = [
    `  <img src="${toUrl(largest?.name ?? '')}" srcset="${srcset(fallback)}" sizes="100vw"`,
    `    width="${largest?.width}" height="${largest?.height}" alt="${escapeMarkup(picture.alt ?? '')}" loading="lazy" decoding="async"`,
    `    data-thumbhash="${placeholder.hash}"${style}>`,
  ];
  return ['<picture>', ...sources, ...img, '</picture>'].join('\n');
}

const densities = [1, 2, 3] as const;

/** The same picture for screens of one, two and three pixels a CSS pixel; never enlarged. */
export async function exportDensities(picture: Opened, wish: ExportWish): Promise<Exported> {
  const format = wish.format ?? picture.format;
  const atOne = sizeAtOne(picture, wish);
  const most = Math.min(...enlargement(picture, wish));
  if (most < 1) {
    throw new ToolError(
      'invalid_argument',
      `${quote(picture.name, 200)} is ${formatSize(picture)}, smaller than the ${formatSize(atOne)} asked for 1x, and is not enlarged here. Give a \`width\` of at most ${Math.floor((wish.width ?? 1) * most)}.`,
    );
  }
  const fitted = async (name: string, size: Size) => {
    const wanted = { ...size, fit: wish.fit, format, maxBytes: maxBytes(wish), xmp: picture.xmp };
    const { image, notes } = await finish({ ...picture, format: picture.kind }, wanted);
    return pictureFile(name, image, notes);
  };
  const files: ExportedFile[] = [];
  for (const density of densities.filter((candidate) => candidate <= most)) {
    const size = { width: atOne.width * density, height: atOne.height * density };
    const name = fileName(density === 1 ? picture.stem : `${picture.stem}@${density}x`, format);
    files.push(
      wish.height === undefined
        ? await toFile(name, await openSized(picture.bytes, size), picture, { ...wish, format })
        : await fitted(name, size),
    );
  }
  const missing = densities.slice(files.length).map((density) => `@${density}x`);
  const notes = [
    ...picture.notes,
    ...(missing.length > 0
      ? [`Left out ${missing.join(' and ')} of ${picture.stem}: the picture is ${formatSize(picture)} and would only be enlarged.`]
      : []),
  ];
  return { files, markup: [{ language: 'html', text: densityElement(picture, files, atOne) }], notes };
}

/** One edge alone keeps the shape. */
function sizeAtOne(picture: Opened, { width = picture.width, height }: ExportWish): Size {
  return { width, height: height ?? Math.max(1, Math.round((width * picture.height) / picture.width)) };
}

/** How many times larger than at 1x the picture is, for each edge that has to be filled. */
function enlargement(picture: Opened, wish: ExportWish): number[] {
  const atOne = sizeAtOne(picture, wish);
  const [across, down] = [picture.width / atOne.width, picture.height / atOne.height];
  if (wish.height === undefined) return [across];
  return wish.fit === 'contain' ? [Math.max(across, down)] : [across, down];
}

function densityElement({ alt = '' }: Opened, files: readonly ExportedFile[], atOne: Size): string {
  const srcset = files.map(({ name }, index) => `${toUrl(name)} ${index + 1}x`).join(', ');
  return `<img src="${toUrl(files[0]?.name ?? '')}" srcset="${srcset}" width="${atOne.width}" height="${atOne.height}" alt="${escapeMarkup(alt)}">`;
}
