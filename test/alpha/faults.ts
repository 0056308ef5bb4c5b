import sharp from 'sharp';
import type { Pixels, Rgb } from '../../src/image/pixels.ts';
import { layOn, randomFrom } from './scenes.ts';

/** What may be wrong with a picture a model sends; absent is nothing. */
export interface Faults {
  /** The colours asked for are missed by a little, the corners are darker, every value has noise. */
  off?: boolean;
  /** JPEG quality 95 with halved colour resolution. */
  jpeg?: boolean;
  /** How far the second of two shots is moved, in pixels. */
  moved?: readonly [x: number, y: number];
}

export const conditions = {
  clean: {},
  'JPEG 95 4:2:0': { jpeg: true },
  'off, vignette, noise': { off: true },
  'second shot 1 px off': { moved: [1, 0] },
  'all faults': { off: true, jpeg: true, moved: [1, -1] },
} as const satisfies Record<string, Faults>;
export type Condition = keyof typeof conditions;
export const conditionNames = [
  'clean',
  'JPEG 95 4:2:0',
  'off, vignette, noise',
  'second shot 1 px off',
  'all faults',
] as const satisfies readonly Condition[];

/** A scene on one colour as a model would send it: moved, laid on about that colour, darkened towards the corners, noisy, compressed. */
export async function shoot(scene: Pixels, background: Rgb, faults: Faults, seed: number): Promise<Pixels> {
  const laid = layOn(faults.moved ? move(scene, faults.moved) : scene, faults.off ? missed(background) : background);
  if (faults.off) spoil(laid, seed);
  return faults.jpeg ? compress(laid, 95) : laid;
}

/** Values that should be 255 come 8 short, those that should be 0 come 9 too high, each channel a little differently. */
function missed([red, green, blue]: Rgb): Rgb {
  const miss = (value: number, channel: number) => (value > 127 ? value - 8 - channel : value + 9 + channel);
  return [miss(red, 0), miss(green, 1), miss(blue, 2)];
}

/** Corners 3 % darker, and Gaussian noise of 1.5 levels. */
function spoil({ data, width, height }: Pixels, seed: number): void {
  const random = randomFrom(seed);
  for (let index = 0; index < data.length; index++) {
    const pixel = Math.floor(index / 3);
    const [x, y] = [(pixel % width) / width - 0.5, Math.floor(pixel / width) / height - 0.5];
    const gaussian = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    data[index] = Math.min(255, Math.max(0, Math.round((data[index] ?? 0) * (1 - 0.06 * (x * x + y * y)) + 1.5 * gaussian)));
  }
}

export async function compress({ data, width, height }: Pixels, quality: number): Promise<Pixels> {
  const jpeg = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: '4:2:0' })
    .toBuffer();
  return { data: await sharp(jpeg).removeAlpha().raw().toBuffer(), width, height, channels: 3 };
}

/** Moved by whole pixels; what comes in from outside is transparent. */
function move(scene: Pixels, [right, down]: readonly [number, number]): Pixels {
  const { width, height } = scene;
  const data = new Uint8Array(scene.data.length);
  for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
    for (let x = Math.max(0, right); x < Math.min(width, width + right); x++) {
      const from = 4 * ((y - down) * width + x - right);
      data.set(scene.data.subarray(from, from + 4), 4 * (y * width + x));
    }
  }
  return { ...scene, data };
}
