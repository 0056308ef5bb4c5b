import { ToolError } from '../errors.ts';
import { finish } from '../image/finish.ts';
import { type Packing, packOnShelves } from '../image/pack.ts';
import type { Pixels } from '../image/pixels.ts';
import { openRgba } from '../image/scale.ts';
import { drawSheet } from '../image/sheet.ts';
import { toXmp } from '../image/xmp.ts';
import { formatSize } from '../text.ts';
import { version } from '../version.ts';
import { fileName, maxBytes, pixelFile, textFile } from './file.ts';
import { toUrl } from './markup.ts';
import { uniqueNames } from './names.ts';
import { named, type Opened } from './source.ts';
import type { Exported, ExportWish } from './wish.ts';

/** Transparent pixels around each picture. */
const gap = 2;
/** What graphics hardware of the last ten years holds as one texture. */
const largestTexture = 8192;

/** All pictures on one sheet, where each lies as JSON (TexturePacker's "hash" form, which engines read) and as CSS classes. */
export async function exportSprite(pictures: readonly Opened[], wish: ExportWish): Promise<Exported> {
  const frames: { name: string; alt: string | undefined; pixels: Pixels }[] = [];
  for (const picture of pictures) {
    frames.push({ name: picture.stem, alt: picture.alt, pixels: await named(picture.name, () => openFrame(picture, wish)) });
  }
  const packing = packOnShelves(
    frames.map(({ pixels }) => pixels),
    gap,
  );
  requireTexture(packing);
  const name = fileName('sprite', wish.format ?? 'png');
  const sheet = await drawSheet(
    frames.map(({ pixels }) => pixels),
    packing,
  );
  const encoding = { format: wish.format ?? 'png', xmp: commonXmp(pictures, wish.alt), lossless: true, maxBytes: maxBytes(wish) };
  const placed = frames.map((frame, index) => ({ ...frame, ...(packing.places[index] ?? { left: 0, top: 0 }) }));
  const drawn = { ...(await pixelFile(name, sheet, encoding)), ...(wish.alt !== undefined && { alt: wish.alt }) };
  const files = [drawn, textFile('sprite.json', 'application/json', toAtlas(name, packing, placed))];
  const notes = [
    ...pictures.flatMap((picture) => picture.notes.map((note) => `${picture.stem}: ${note}`)),
    ...sayEnlarged(pictures, placed),
  ];
  return { files, markup: [{ language: 'css', text: toCss(name, placed) }], notes };
}

/** At its own size, or finished to the size asked for all. */
async function openFrame(picture: Opened, { width, height, fit }: ExportWish): Promise<Pixels> {
  if (width === undefined && height === undefined) return openRgba(picture.bytes);
  const wish = { width, height, fit: fit ?? 'contain', format: 'png', xmp: picture.xmp } as const;
  const { image } = await finish({ ...picture, format: picture.kind }, wish);
  return openRgba(image.bytes);
}

function requireTexture(packing: Packing): void {
  if (Math.max(packing.width, packing.height) <= largestTexture) return;
  throw new ToolError(
    'unsupported',
    `The sheet would be ${formatSize(packing)}; beyond ${largestTexture} pixels an edge many devices cannot draw it. Give \`width\` or \`height\`, the size of each picture on it, or fewer pictures.`,
  );
}

type Placed = { name: string; alt: string | undefined; pixels: Pixels; left: number; top: number };

function toAtlas(image: string, packing: Packing, placed: readonly Placed[]): string {
  const frames = placed.map(({ name, alt, pixels: { width: w, height: h }, left: x, top: y }) => {
    const whole = { rotated: false, trimmed: false, spriteSourceSize: { x: 0, y: 0, w, h }, sourceSize: { w, h } };
    return [name, { frame: { x, y, w, h }, ...whole, alt }];
  });
  const size = { w: packing.width, h: packing.height };
  const meta = { app: 'limner', version, image, format: 'RGBA8888', size, scale: '1' };
  return `${JSON.stringify({ frames: Object.fromEntries(frames), meta }, null, 2)}\n`;
}

function toCss(image: string, placed: readonly Placed[]): string {
  const base = `.sprite { display: inline-block; background: url("${toUrl(image)}") no-repeat; }`;
  const names = uniqueNames(placed.map(({ name }) => toClass(name)));
  const classes = placed.map(
    ({ pixels: { width, height }, left, top }, index) =>
      `.sprite-${names[index]} { width: ${width}px; height: ${height}px; background-position: ${-left}px ${-top}px; }`,
  );
  return [base, ...classes].join('\n');
}

/** One word that HTML and CSS take without escapes. */
function toClass(name: string): string {
  return name.replace(/[^\w\u0080-\u{10ffff}-]+/gu, '-');
}

/** What all pictures are; where they differ and a model made some, a composite with what a model made; else nothing. */
function commonXmp(pictures: readonly Opened[], alt: string | undefined): string {
  const [first, ...others] = new Set(pictures.map(({ sourceType }) => sourceType));
  if (others.length === 0) return toXmp({ sourceType: first, alt });
  const isMade = pictures.some(({ sourceType }) => sourceType?.endsWith('rainedAlgorithmicMedia'));
  return toXmp({ sourceType: isMade ? 'compositeWithTrainedAlgorithmicMedia' : undefined, alt });
}

function sayEnlarged(pictures: readonly Opened[], placed: readonly Placed[]): string[] {
  const enlarged = pictures.filter((picture, index) => {
    const { width = 0, height = 0 } = placed[index]?.pixels ?? {};
    return width > picture.width && height > picture.height;
  });
  return enlarged.length === 0 ? [] : [`Enlarged, and no sharper than before: ${enlarged.map(({ stem }) => stem).join(', ')}.`];
}
