import sharp from 'sharp';
import { exportPictures } from '../../src/export/export.ts';
import * as make from '../../src/export/make.ts';
import type { Exported, ExportedFile, ExportSource, ExportWish, ExportWork } from '../../src/export/wish.ts';
import { inspect } from '../../src/image/inspect.ts';

/** A fox's head, 1024×1024: a cut-out, or on a ground. */
export function drawFox(ground?: string): Promise<Buffer> {
  const rect = ground === undefined ? '' : `<rect width="1024" height="1024" fill="${ground}"/>`;
  return draw(
    1024,
    1024,
    `${rect}<path d="M300 250 420 380H604L724 250 790 520Q760 760 512 830 264 760 234 520Z" fill="#f0622f"/>` +
      '<path d="M512 830Q380 790 330 640 440 600 512 720 584 600 694 640 644 790 512 830Z" fill="#fff4e6"/>' +
      '<path d="M470 690h84l-42 46zM374 530a36 36 0 1 0 72 0a36 36 0 1 0-72 0M578 530a36 36 0 1 0 72 0a36 36 0 1 0-72 0" fill="#2b1d14"/>',
  );
}

/** Hills under a sun, as a JPEG that reaches its edges. */
export async function drawHills(width: number, height: number): Promise<Buffer> {
  const png = await draw(
    width,
    height,
    '<defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="#5f94d0"/><stop offset=".7" stop-color="#f6dcb8"/></linearGradient></defs>' +
      `<rect width="${width}" height="${height}" fill="url(#s)"/><circle cx="${width * 0.7}" cy="${height * 0.35}" r="${height / 9}" fill="#fff3c4"/>` +
      `<path d="M0 ${height * 0.75}Q${width * 0.3} ${height * 0.45} ${width * 0.55} ${height * 0.7}T${width} ${height * 0.6}V${height}H0Z" fill="#2c5139"/>`,
  );
  return sharp(png).removeAlpha().jpeg({ quality: 92, chromaSubsampling: '4:2:0' }).toBuffer();
}

function draw(width: number, height: number, content: string): Promise<Buffer> {
  return sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`))
    .png()
    .toBuffer();
}

export const madeByModel = 'trainedAlgorithmicMedia';

export async function toSource(name: string, bytes: Uint8Array, sourceType?: string): Promise<ExportSource> {
  return { name, stem: name.replace(/\.\w+$/, ''), bytes, facts: await inspect(bytes, name), sourceType };
}

/**
 * The work of an export, done in this process; takes a flat background for what a checkout without the un-mixing takes: pixels of exactly that colour. Says which
 * pictures it was given.
 */
export function cutByColour(asked: string[] = []): ExportWork {
  const removeBackground = async (bytes: Uint8Array, name: string) => {
    asked.push(name);
    const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    if (data[3] === 0) return { bytes, notes: ['It was transparent already.'] };
    const ground = data.readUIntBE(0, 3);
    for (let at = 0; at < data.length; at += 4) if (data.readUIntBE(at, 3) === ground) data[at + 3] = 0;
    const png = await sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } })
      .png()
      .toBuffer();
    return { bytes: png, notes: ['Background removed.'] };
  };
  return {
    exportOne: (source, wish, isOnly) => make.exportOne(source, wish, isOnly, removeBackground),
    exportSheet: (sources, wish) => make.exportSheet(sources, wish, removeBackground),
  };
}

export async function exportOne(name: string, bytes: Uint8Array, wish: ExportWish): Promise<Exported> {
  return exportPictures([await toSource(name, bytes, madeByModel)], wish, cutByColour());
}

export function fileOf(exported: Exported, name: string): ExportedFile {
  const file = exported.files.find((candidate) => candidate.name === name);
  if (file === undefined) throw new Error(`${name} is not among ${exported.files.map((candidate) => candidate.name).join(', ')}`);
  return file;
}
