import type { Size } from '../media.ts';
import type { Box } from '../region.ts';
import type { Background } from './background.ts';
import type { MatteFacts } from './matte.ts';
import type { Pixels, Rgb } from './pixels.ts';
import type { RegionFacts } from './region-blend.ts';
import type { TruePixels, TruePixelsWish } from './true-pixels.ts';

/** A picture cut out of its background: a PNG with alpha and what the cut is worth; or why none was made. */
export type CutOut = { bytes: Uint8Array; width: number; height: number; facts: MatteFacts } | { failed: string };

/** A part of an answer laid into the picture it was made from: a PNG; or why that could not be. */
export type Blended = { bytes: Uint8Array; width: number; height: number; facts: RegionFacts; notes: string[] } | { unaligned: string };

/** Which part may be taken from the answer: a box in pixels, or a picture that is white there. */
export type Allowed = { box: Box } | { mask: Uint8Array };

/** The work that goes through every pixel of a picture, by name: what it takes and what it brings. All pictures are encoded bytes. */
export interface PixelJobs {
  /** What a picture has around its subject. */
  background: { input: { bytes: Uint8Array }; output: Background };
  /**
   * The model's picture on a flat colour, which is taken out; `ground` is the colour it was asked for. Where it took another flat colour, that one goes, or with `onlyThis`
   * nothing does.
   */
  key: { input: { bytes: Uint8Array; ground: Rgb; onlyThis: boolean; xmp: string }; output: CutOut };
  /** The same subject on white and on black. */
  'two-shot': { input: { white: Uint8Array; black: Uint8Array; xmp: string }; output: CutOut };
  /** Anybody's picture with a flat background; `isCut` when it is transparent around its subject already. */
  flat: { input: { bytes: Uint8Array }; output: CutOut | { isCut: true } };
  /** Lays what is allowed of `answer` into `picture`. */
  region: { input: { picture: Uint8Array; answer: Uint8Array; allowed: Allowed; xmp: string }; output: Blended };
  /** Fat pixels → true ones. */
  'pixel-art': { input: { pixels: Pixels; wish: TruePixelsWish }; output: TruePixels | undefined };
  /** How much of a picture of this size a mask leaves to change, from 0 to 1. */
  mask: { input: { bytes: Uint8Array; size: Size }; output: { share: number } };
}

export type PixelJobName = keyof PixelJobs;
