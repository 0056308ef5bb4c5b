import sharp, { type OverlayOptions } from 'sharp';
import type { Pixels } from '../../src/image/pixels.ts';
import { letteringPath, letteringStroke } from '../../src/lettering.ts';
import { drawScene, layOn } from './scenes.ts';
import { unrelatedPurple } from './score.ts';
import type { Row } from './table.ts';

const cell = 230;
const gap = 6;
const head = 34;

/** A row of pictures per scene, each method's cut-out laid on the unrelated purple, as JPEG. Shows a part of each scene, where its difficulty is. */
export async function drawSheet(rows: readonly Row[]): Promise<Buffer> {
  const heads = ['truth', 'colour key', 'HSV cut', 'unmix', 'two shots naive', 'two shots ours'];
  const [width, height] = [gap + heads.length * (cell + gap), head + rows.length * (cell + gap)];
  const tiles: OverlayOptions[] = [{ input: letter(heads, width), left: 0, top: 0 }];
  for (const [line, row] of rows.entries()) {
    const truth = await drawScene(row.scene, row.ours.matte.width);
    const pictures = [truth, row.key?.colourKey.matte, row.key?.hsvCut.matte, row.key?.best.matte, row.naive.matte, row.ours.matte];
    for (const [column, picture] of pictures.entries()) {
      if (picture)
        tiles.push({ input: await toTile(picture, row.scene), left: gap + column * (cell + gap), top: head + line * (cell + gap) });
    }
  }
  return sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite(tiles)
    .jpeg({ quality: 82, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

const windows: Record<Row['scene'], { left: number; top: number; size: number }> = {
  solid: { left: 400, top: 120, size: 400 },
  soft: { left: 330, top: 330, size: 640 },
  glass: { left: 200, top: 420, size: 520 },
  hair: { left: 180, top: 60, size: 300 },
};

function toTile(picture: Pixels, scene: Row['scene']): Promise<Buffer> {
  const { data, width, height } = layOn(picture, unrelatedPurple);
  const { left, top, size } = windows[scene];
  return sharp(data, { raw: { width, height, channels: 3 } })
    .extract({ left, top, width: size, height: size })
    .resize(cell, cell)
    .png()
    .toBuffer();
}

function letter(heads: readonly string[], width: number): Buffer {
  const paths = heads.map((text, column) => letteringPath(text, { x: gap + column * (cell + gap) + 4, y: 10, height: 14 }));
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${head}"><path d="${paths.join('')}" fill="none" stroke="#222" stroke-width="${letteringStroke(14)}" stroke-linecap="round" stroke-linejoin="round"/></svg>`,
  );
}
