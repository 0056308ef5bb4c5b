import { createCipheriv } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

/** The pictures the upstream sends. `1K` and `4K` are Gemini's sizes, JPEG what Gemini 3 sends and PNG what its predecessors did. */
export type PictureName = '1k-jpeg' | '4k-jpeg' | '4k-png' | `grow-${number}`;

/** Edges of square pictures in pixels, for about 1, 2.5, 5, 10 and 20 MB of PNG: bytes grow with the area. */
export const growing = [768, 1240, 1830, 2740, 4096] as const;

/** Quality of the JPEG files: about 10 MB for 4096² and a sixteenth of it for 1024², as Gemini 3 sends. */
const quality = 99;

/** Steps of brightness the noise has: with ten, 4096² comes out at about 20 MB of PNG. */
const noiseSteps = 10;

interface Kind {
  edge: number;
  format: 'jpeg' | 'png';
}

function kindOf(name: PictureName): Kind {
  if (name === '1k-jpeg') return { edge: 1024, format: 'jpeg' };
  if (name === '4k-jpeg') return { edge: 4096, format: 'jpeg' };
  if (name === '4k-png') return { edge: 4096, format: 'png' };
  return { edge: Number(name.slice('grow-'.length)), format: 'png' };
}

/** A prepared picture: where it lies and how many bytes it has. */
export interface Picture {
  name: PictureName;
  path: string;
  mediaType: string;
  bytes: number;
}

/**
 * The picture of that name, drawn once and kept in `folder`. `shrink` divides its edge, for a run that only shows that everything works.
 */
export async function openPicture(folder: string, name: PictureName, shrink = 1): Promise<Picture> {
  const { edge, format } = kindOf(name);
  const pixels = Math.round(edge / shrink);
  // What the drawing depends on is in the name, so that a changed drawing is drawn anew.
  const path = join(folder, `scene-${pixels}-noise${noiseSteps}${format === 'jpeg' ? `-q${quality}.jpg` : '.png'}`);
  const known = await readFile(path).catch(() => undefined);
  const bytes = known ?? (await draw(pixels, format));
  if (!known) {
    await mkdir(folder, { recursive: true });
    await writeFile(`${path}.${process.pid}.part`, bytes);
    await rename(`${path}.${process.pid}.part`, path);
  }
  return { name, path, mediaType: `image/${format}`, bytes: bytes.length };
}

/** A scene with large soft shapes, edges and lines of small text, under noise as a sensor makes it. The same bytes for the same size. */
async function draw(edge: number, format: Kind['format']): Promise<Buffer> {
  const { data } = await sharp(Buffer.from(toSvg(edge)))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(data.length / 3));
  for (let index = 0; index < data.length; index += 1) {
    const value = (data[index] ?? 0) + ((noise[Math.floor(index / 3)] ?? 0) % noiseSteps) - noiseSteps / 2;
    data[index] = value < 0 ? 0 : value > 255 ? 255 : value;
  }
  const scene = sharp(data, { raw: { width: edge, height: edge, channels: 3 } });
  return format === 'jpeg' ? scene.jpeg({ quality }).toBuffer() : scene.png().toBuffer();
}

const words = 'The quick brown fox jumps over the lazy dog, 0123456789 times; “fast and small”, it says.';

function toSvg(edge: number): string {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  const shapes = Array.from({ length: 120 }, () => {
    const [x, y, radius, hue] = [random() * edge, random() * edge, (0.01 + 0.08 * random()) * edge, Math.floor(random() * 360)];
    return `<circle cx="${x}" cy="${y}" r="${radius}" fill="hsl(${hue} 55% 50%)" fill-opacity="${0.3 + 0.6 * random()}"/>`;
  });
  const lines = Array.from({ length: 12 }, (_, index) => {
    const size = edge * (0.011 + 0.002 * index);
    return `<text x="${edge * 0.05}" y="${edge * (0.08 + 0.075 * index)}" font-family="sans-serif" font-size="${size}" fill="#fff">${words}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${edge}" height="${edge}"><defs><linearGradient id="sky" x2="0.4" y2="1">`,
    '<stop stop-color="#18324f"/><stop offset="0.6" stop-color="#c98f6a"/><stop offset="1" stop-color="#2d3b2a"/></linearGradient></defs>',
    `<rect width="${edge}" height="${edge}" fill="url(#sky)"/>${shapes.join('')}${lines.join('')}</svg>`,
  ].join('');
}
