import sharp from 'sharp';
import type { GoogleRequest } from './google/index.ts';
import { answers } from './google/index.ts';

/** A subject that stands free: a ball with a see-through half, soft at its edge. Drawn at any size; transparent around it. */
export function ball(width: number, height: number, glass = true): Promise<Buffer> {
  const [x, y, radius] = [width / 2, height / 2, Math.min(width, height) * 0.3];
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><circle cx="${x}" cy="${y}" r="${radius}" fill="#e8a020"/>` +
    (glass
      ? `<path d="M${x - radius * 0.6} ${y - radius * 1.3}h${radius * 1.2}v${radius * 0.5}h-${radius * 1.2}z" fill="#30a0c0" fill-opacity=".5"/>`
      : '') +
    `<circle cx="${x - radius * 0.3}" cy="${y - radius * 0.2}" r="${radius * 0.25}" fill="#f8e0b0"/></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

/** What the answer of a model looks like that was asked for the ball on a ground: JPEG, as Gemini sends. */
export async function ballOn(ground: string, { width, height }: { width: number; height: number }): Promise<Buffer> {
  return sharp(await ball(width, height))
    .flatten({ background: ground })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** A checkerboard as models paint it where they were asked for transparency. */
export async function ballOnChecker({ width, height }: { width: number; height: number }): Promise<Buffer> {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><pattern id="c" width="48" height="48" patternUnits="userSpaceOnUse">` +
    '<rect width="48" height="48" fill="#fff"/><path d="M0 0h24v24H0zM24 24h24v24H24z" fill="#c8c8c8"/></pattern></defs>' +
    `<rect width="${width}" height="${height}" fill="url(#c)"/></svg>`;
  return sharp(Buffer.from(svg))
    .composite([{ input: await ball(width, height) }])
    .removeAlpha()
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** The flat colour a request asks to be painted on, by its words; the last that is named. */
export function groundOf({ texts }: GoogleRequest): string {
  return (
    texts
      .join('\n')
      .match(/#[0-9A-F]{6}/g)
      ?.at(-1) ?? '#808080'
  );
}

/** Google, doing as it is told: the ball on the ground that was asked for. */
export function paintBall(size = { width: 512, height: 512 }) {
  return async (request: GoogleRequest) => answers.picture({ bytes: await ballOn(groundOf(request), size), signatureBytes: 64 })(request);
}

export interface RawPicture {
  data: Buffer;
  width: number;
  height: number;
  channels: number;
}

/** Decoded as stored: no profile applied, nothing turned. */
export async function readRaw(picture: Buffer | string): Promise<RawPicture> {
  const { data, info } = await sharp(picture, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** Channel `channel` at a pixel. */
export function at({ data, width, channels }: RawPicture, x: number, y: number, channel: number): number {
  return data[(y * width + x) * channels + channel] ?? Number.NaN;
}

/** A picture with something to hold on to everywhere: overlapping shapes in many colours, the same for the same seed. */
export async function busyPicture(width: number, height: number, seed = 1): Promise<Buffer> {
  let state = seed * 2654435761;
  const random = () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) >>> 0;
    return state / 2 ** 32;
  };
  const colour = () => `rgb(${Math.floor(random() * 255)},${Math.floor(random() * 255)},${Math.floor(random() * 255)})`;
  const shapes = Array.from({ length: 160 }, () => {
    const [x, y, size] = [random() * width, random() * height, (0.02 + random() * 0.08) * Math.max(width, height)];
    return random() < 0.5
      ? `<circle cx="${x}" cy="${y}" r="${size}" fill="${colour()}"/>`
      : `<path d="M${x} ${y}l${size} ${size * random()}l-${size * random()} ${size}z" fill="${colour()}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="${width}" height="${height}" fill="#9ab"/>${shapes.join('')}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
}
