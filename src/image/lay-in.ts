import type { Size } from '../media.ts';
import type { Box } from '../region.ts';
import { embedProfile } from './colour-profile.ts';
import { decode, encodePng, toPixels } from './decode.ts';
import type { Pixels } from './pixels.ts';
import { blendRegion, type RegionFacts } from './region-blend.ts';
import { maskFromPixels } from './region-mask.ts';
import { decoding, headerOnly, type Sharp, withSharp } from './sharp.ts';

/** A part of an answer laid into the picture it was made from: a PNG; or why that could not be. */
export type Blended = { bytes: Uint8Array; width: number; height: number; facts: RegionFacts; notes: string[] } | { unaligned: string };

/** Which part may be taken from the answer: a box in pixels, or a picture that is white there. */
export type Allowed = { box: Box } | { mask: Uint8Array };

/** What is laid into what. */
export interface LayingIn {
  picture: Uint8Array;
  answer: Uint8Array;
  allowed: Allowed;
  xmp: string;
}

/** How much of a picture of this size a mask leaves to change, from 0 to 1. */
export function measureMask(bytes: Uint8Array, size: Size): Promise<number> {
  return withSharp(async (sharp) => maskFromPixels(await decode(sharp, bytes, 'keep'), size).share);
}

/** Lays what is allowed of `answer` into `picture`. */
export function layIn({ picture, answer, allowed, xmp }: LayingIn): Promise<Blended> {
  return withSharp(async (sharp) => {
    const { pixels: input, profile, notes } = await decodeAsStored(sharp, picture);
    const region = 'box' in allowed ? allowed : { mask: maskFromPixels(await decode(sharp, allowed.mask, 'keep'), input).mask };
    const blended = blendRegion(input, await decode(sharp, answer), region);
    if ('unaligned' in blended) return blended;
    const png = await encodePng(sharp, blended.pixels, xmp);
    const { width, height } = blended.pixels;
    return { bytes: profile ? embedProfile(png, profile) : png, width, height, facts: blended.facts, notes };
  });
}

/** As stored, so that what is not taken from the answer keeps its very numbers, whatever colours its profile means by them. */
async function decodeAsStored(sharp: Sharp, bytes: Uint8Array): Promise<{ pixels: Pixels; profile: Buffer | undefined; notes: string[] }> {
  const { icc, space, depth, pages = 1 } = await sharp(bytes, headerOnly).metadata();
  const isPrint = space === 'cmyk';
  // Only a profile for red, green and blue fits what comes out; its bytes 16 to 19 say so (ICC.1, 7.2.6).
  const isRgb = icc !== undefined && icc.subarray(16, 20).toString('latin1') === 'RGB ';
  const isConverted = isPrint || (icc !== undefined && !isRgb);
  const raw = await sharp(bytes, { ...decoding, ignoreIcc: !isConverted })
    .rotate()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const notes = [
    ...(isConverted ? [`The picture was ${isPrint ? 'CMYK' : 'in a colour profile of its own'} and is sRGB now.`] : []),
    ...(pages > 1 ? [`Only the first of its ${pages} frames is here.`] : []),
    ...(depth === 'uchar' ? [] : ['The picture had more than 8 bits a channel and has 8 now.']),
  ];
  return { pixels: toPixels(raw), profile: isConverted ? undefined : icc, notes };
}
