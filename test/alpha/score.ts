import type { Pixels, Rgb } from '../../src/image/pixels.ts';
import { layOn } from './scenes.ts';

/** A colour that none of the scenes and none of the keys has. */
export const unrelatedPurple: Rgb = [106, 63, 160];

export interface Score {
  /** Mean absolute error of alpha over the whole picture, 0 to 255. */
  error: number;
  /** PSNR in dB of the cut-out laid on the unrelated purple; this one sees spilt colour. From 40 it looks perfect, below 30 wrong. */
  psnr: number;
}

const shown = new WeakMap<Pixels, Uint8Array>();

export function score(matte: Pixels, truth: Pixels): Score {
  const pixelCount = truth.width * truth.height;
  let error = 0;
  let squares = 0;
  for (let offset = 3; offset < 4 * pixelCount; offset += 4) error += Math.abs((matte.data[offset] ?? 0) - (truth.data[offset] ?? 0));
  const got = layOn(matte, unrelatedPurple).data;
  const wanted = shown.get(truth) ?? layOn(truth, unrelatedPurple).data;
  shown.set(truth, wanted);
  for (let index = 0; index < got.length; index++) squares += ((got[index] ?? 0) - (wanted[index] ?? 0)) ** 2;
  return { error: error / pixelCount, psnr: squares === 0 ? 99 : 10 * Math.log10((255 * 255 * 3 * pixelCount) / squares) };
}
