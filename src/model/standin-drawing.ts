import { createHash } from 'node:crypto';
import type sharpModule from 'sharp';
import type { OverlayOptions } from 'sharp';
import { ToolError } from '../errors.ts';
import type { Size } from '../media.ts';
import { documentedSize } from './catalog.ts';
import type { ImageRequest, RequestImage } from './image-model.ts';
import { fitBlock, layoutBand, layoutPanel, layoutTiles, type Rect, writeBlock } from './standin-layout.ts';
import { createPalette, createRandom, mix, type Palette } from './standin-palette.ts';
import { scenes } from './standin-scenes.ts';
import { svg } from './standin-shapes.ts';

/** Without libvips' cache, which keeps pictures nobody asks for again. */
async function loadSharp(): Promise<typeof sharpModule> {
  const { default: sharp } = await import('sharp');
  sharp.cache(false);
  return sharp;
}

/** What a drawing is made of: SVG underneath, and what is laid on it, placed in pixels. */
interface Drawing {
  under: string;
  layers: readonly OverlayOptions[];
}

/** The room a drawing has. Lengths are in drawing units, of which a 1K picture has one per pixel. */
interface Sheet {
  words: string;
  /** All but the band; on a transparent ground only the subject in the middle. */
  area: Rect;
  palette: Palette;
  /** Pixels per drawing unit: 1, 2 or 4. */
  factor: number;
}

/** How a picture is laid on a sheet: opacity from 0 to 1. */
interface Look {
  fit: 'cover' | 'inside';
  ground: string;
  opacity: number;
}

const xmp = [
  '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">',
  '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""',
  ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"',
  ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmp:CreatorTool="limner stand-in"',
  ' Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia">',
  '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">Stand-in drawing by limner: shapes and letters, drawn offline.</rdf:li></rdf:Alt>',
  '</dc:description></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>',
].join('');

/** What a drawing is laid on: nothing, a transparent ground, or the flat colour it is to be cut out of. */
type Ground = 'scene' | 'transparent' | `#${string}`;

/**
 * Draws what stands in for the picture `request` asks for, at the documented size of its ratio and resolution, with `words` lettered in it:
 * a scene for words alone, the picture under a tint for one picture, a page of labelled tiles for several, the picture with a part changed where a guide
 * says so. The same arguments give the same bytes: JPEG, or PNG with a transparent ground when asked. Rejects with `unreadable_image` for a picture that
 * cannot be decoded.
 */
export async function drawStandin(request: ImageRequest, words: string, transparent: boolean): Promise<Uint8Array> {
  const ground: Ground = transparent ? 'transparent' : (request.ground ?? 'scene');
  const sharp = await loadSharp();
  const { width, height } = documentedSize(request.aspectRatio, '1K');
  const pixels = documentedSize(request.aspectRatio, request.resolution);
  const factor = pixels.width / width;
  const unit = Math.min(width, height);
  const facts = `${pixels.width}×${pixels.height} · ${request.resolution} · variation ${request.variation}`;
  // On a flat colour nothing may touch the edge.
  const rim = ground.startsWith('#') ? Math.round(unit * 0.05) : 0;
  const band = layoutBand(width - rim * 2, unit, facts);
  const place = { x: rim, y: height - rim - band.height, width: width - rim * 2, height: band.height };
  const free = { x: 0, y: 0, width, height: place.y };
  const isCut = ground !== 'scene';
  const round = isCut && request.images.length === 0;
  const area = isCut ? toSubject(free, round) : free;
  const [seed, random] = createSeed(words, request.variation);
  const palette = createPalette(words, random);
  const sheet = { words, area, palette, factor };

  const drawing = await drawOn(sheet, request, { width, height }, () => drawScene(sheet, seed, round));
  // A part is labelled inside; a band across the picture would hide what the part is put in register by.
  const layers = request.guide ? [...drawing.layers] : [...drawing.layers, toLayer(band.svg, place, factor)];
  const picture = sharp(toDocument(drawing.under, width, height, factor)).composite(layers);
  if (!isCut) return picture.withXmp(xmp).jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer();

  const alpha = await createAlpha(area, round, pixels, factor);
  fillRect(alpha, place, pixels.width, factor);
  const opaque = await picture.removeAlpha().raw().toBuffer();
  const cut = sharp(opaque, { raw: { ...pixels, channels: 3 } }).joinChannel(alpha, { raw: { ...pixels, channels: 1 } });
  if (ground === 'transparent') return cut.withXmp(xmp).png().toBuffer();
  // sharp flattens before it joins channels, so that takes two steps.
  const joined = await cut.raw().toBuffer();
  return sharp(joined, { raw: { ...pixels, channels: 4 } })
    .flatten({ background: ground })
    .withXmp(xmp)
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

function fillRect(alpha: Buffer, { x, y, width, height }: Rect, rowLength: number, factor: number): void {
  for (let row = y * factor; row < (y + height) * factor; row += 1) {
    alpha.fill(255, row * rowLength + x * factor, row * rowLength + (x + width) * factor);
  }
}

async function drawOn(sheet: Sheet, { images, guide }: ImageRequest, size: Size, scene: () => string): Promise<Drawing> {
  const [only, ...others] = images;
  if (!only) return { under: scene(), layers: [] };
  if (guide) return drawPart(sheet, only, guide, size);
  return others.length === 0 ? drawEdit(sheet, only) : drawTiles(sheet, images);
}

/** The scene this variation of the words is given, with the words in its sky. */
function drawScene({ words, area, palette }: Sheet, seed: number, round: boolean): string {
  const unit = Math.min(area.width, area.height);
  const stage = { width: area.width, height: area.height, unit, palette, random: createRandom(seed) };
  const scene = (scenes[seed % scenes.length] ?? scenes[0])(stage);
  const margin = unit * 0.07;
  const wide = area.width > area.height * 1.2;
  const room = round ? area.width * 0.64 : wide ? area.width * 0.56 : area.width - margin * 2;
  const largest = unit * (round ? 0.06 : 0.09 * Math.min(1.6, Math.max(1, area.width / area.height / 2)));
  const block = fitBlock(words, room, area.height * (round ? 0.2 : 0.31), largest, Math.max(11, unit * 0.026));
  const lettering = round
    ? writeBlock(block, area.width / 2, area.height * 0.26 - block.height / 2, palette.ink, true)
    : writeBlock(block, margin, margin, palette.ink);
  const sky = svg`<rect width="${area.width}" height="${area.height}" fill="${palette.sky}"/>`;
  return svg`<svg x="${area.x}" y="${area.y}" width="${area.width}" height="${area.height}">${sky}${scene}${lettering}</svg>`;
}

/** The picture, faint enough that the ground tints it and shows around it as a frame. */
async function drawEdit({ words, area, palette, factor }: Sheet, image: RequestImage): Promise<Drawing> {
  const frame = Math.round(Math.min(area.width, area.height) * 0.022);
  const inner = { x: area.x + frame, y: area.y + frame, width: area.width - frame * 2, height: area.height - frame * 2 };
  const picture = await readPicture(image, inner, factor, { fit: 'cover', ground: palette.light, opacity: 0.78 });
  const { place, svg: panel } = layoutPanel(area, words, image.label, palette);
  return { under: drawRect(area, palette.accent), layers: [picture, toLayer(panel, place, factor)] };
}

/** The picture as it is, with a tinted panel and the words where the guide is white. */
async function drawPart({ words, palette, factor }: Sheet, image: RequestImage, guide: RequestImage, size: Size): Promise<Drawing> {
  const whole = { x: 0, y: 0, ...size };
  const picture = await readPicture(image, whole, factor, { fit: 'cover', ground: palette.light, opacity: 1 });
  const { tint, place } = await readGuide(guide, size, factor, palette);
  const unit = Math.min(place.width, place.height);
  const block = fitBlock(`STAND-IN ${words}`, place.width * 0.8, place.height * 0.7, Math.max(11, unit * 0.16), 9);
  const lettering = writeBlock(block, place.x + place.width * 0.1, place.y + place.height * 0.15, palette.ink);
  return { under: drawRect(whole, palette.light), layers: [picture, tint, toLayer(lettering, whole, factor)] };
}

/** A tint where the guide is white, and the box around that in drawing units. */
async function readGuide(
  guide: RequestImage,
  { width, height }: Size,
  factor: number,
  palette: Palette,
): Promise<{ tint: OverlayOptions; place: Rect }> {
  const sharp = await loadSharp();
  const white = await sharp(guide.bytes).resize({ width, height, fit: 'fill' }).extractChannel(0).raw().toBuffer();
  const [rows, columns] = [new Set<number>(), new Set<number>()];
  for (const [index, value] of white.entries()) {
    if (value < 128) continue;
    rows.add(Math.floor(index / width));
    columns.add(index % width);
  }
  const [x, y] = [Math.min(...columns, width - 1), Math.min(...rows, height - 1)];
  const alpha = white.map((value) => value * 0.86);
  const colour = Buffer.from(toDocument(drawRect({ x: 0, y: 0, width, height }, palette.light), width, height, 1));
  const input = await sharp(await sharp(colour).removeAlpha().png().toBuffer())
    .joinChannel(Buffer.from(alpha), { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
  const tint = await sharp(input)
    .resize({ width: width * factor, height: height * factor })
    .png()
    .toBuffer();
  return { tint: { input: tint, left: 0, top: 0 }, place: { x, y, width: Math.max(1, columns.size), height: Math.max(1, rows.size) } };
}

async function drawTiles({ words, area, palette, factor }: Sheet, images: readonly RequestImage[]): Promise<Drawing> {
  const layout = layoutTiles(
    area,
    words,
    images.map((image) => image.label),
  );
  const card = mix(palette.sky, palette.ink, 0.07);
  const layers: OverlayOptions[] = [];
  let under = drawRect(area, palette.sky);
  const margin = Math.min(area.width, area.height) * 0.06;
  under += writeBlock(layout.words, area.x + margin, area.y + margin, palette.ink);
  for (const [index, { picture, label }] of layout.tiles.entries()) {
    const image = images[index];
    if (!image) continue;
    under += drawRect(picture, card);
    under += writeBlock(label, picture.x + label.letter * 0.07, picture.y + picture.height + label.letter * 0.9, palette.ink);
    layers.push(await readPicture(image, picture, factor, { fit: 'inside', ground: palette.light, opacity: 1 }));
  }
  return { under, layers };
}

/** A picture scaled to cover `place` or to lie in the middle of it; see-through parts show `ground`. */
async function readPicture(image: RequestImage, place: Rect, factor: number, look: Look): Promise<OverlayOptions> {
  const sharp = await loadSharp();
  const [width, height] = [Math.round(place.width * factor), Math.round(place.height * factor)];
  const { data, info } = await sharp(image.bytes)
    .resize({ width, height, fit: look.fit, kernel: 'linear' })
    .flatten({ background: look.ground })
    .toColourspace('srgb')
    .ensureAlpha(look.opacity)
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new ToolError('unreadable_image', `The stand-in cannot decode ${image.label}; give it a PNG, JPEG or WebP picture.`, { cause });
    });
  const left = Math.round(place.x * factor + (width - info.width) / 2);
  const top = Math.round(place.y * factor + (height - info.height) / 2);
  return { input: data, raw: { width: info.width, height: info.height, channels: info.channels }, left, top };
}

/** The part of the free area that stays on a transparent ground: a square for a drawing from words, most of it for pictures. */
function toSubject(free: Rect, square: boolean): Rect {
  const inset = Math.round(Math.min(free.width, free.height) * 0.06);
  const [width, height] = [free.width - inset * 2, free.height - inset * 2];
  if (!square) return { x: inset, y: inset, width, height };
  const side = Math.min(width, height);
  return { x: Math.round((free.width - side) / 2), y: Math.round((free.height - side) / 2), width: side, height: side };
}

/**
 * How opaque each pixel is: a disc or a rounded card of `subject`. Drawn small, blurred and scaled up, for a soft edge in little time; the
 * PNG in between keeps sharp from drawing the SVG at the final size. Every documented size can be divided by 4.
 */
async function createAlpha({ x, y, width, height }: Rect, round: boolean, pixels: Size, factor: number): Promise<Buffer> {
  const sharp = await loadSharp();
  const unit = Math.min(width, height);
  const soft = unit * 0.01;
  const corner = unit * (round ? 0.5 : 0.08);
  const shape = svg`<rect x="${x + soft}" y="${y + soft}" width="${width - soft * 2}" height="${height - soft * 2}" rx="${corner}" fill="#fff"/>`;
  const small = sharp(toDocument(shape, pixels.width / factor, pixels.height / factor, 1 / 4))
    .blur({ sigma: 1.3, precision: 'float' })
    .extractChannel('alpha');
  return sharp(await small.png().toBuffer())
    .resize({ ...pixels, fit: 'fill', kernel: 'linear' })
    .toColourspace('b-w')
    .raw()
    .toBuffer();
}

/** A number from the words alone plus the variation, so that variations follow each other through the scenes, and numbers from both. */
function createSeed(words: string, variation: number): [number, () => number] {
  const seed = createHash('sha256').update(words).digest().readUInt32BE() + variation;
  return [seed, createRandom(Math.imul(seed, 0x9e37_79b1))];
}

function drawRect({ x, y, width, height }: Rect, fill: string): string {
  return svg`<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}"/>`;
}

function toLayer(body: string, place: Rect, factor: number): OverlayOptions {
  return { input: toDocument(body, place.width, place.height, factor), left: place.x * factor, top: place.y * factor };
}

function toDocument(body: string, width: number, height: number, factor: number): Buffer {
  return Buffer.from(
    svg`<svg xmlns="http://www.w3.org/2000/svg" width="${width * factor}" height="${height * factor}" viewBox="0 0 ${width} ${height}">${body}</svg>`,
  );
}
