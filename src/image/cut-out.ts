import { type Background, inspectBackground } from './background.ts';
import { decode, encodePng } from './decode.ts';
import type { Matte, MatteFacts } from './matte.ts';
import { isGround, type Pixels, type Rgb } from './pixels.ts';
import { removeFlat } from './remove-flat.ts';
import { headerOnly, type Sharp, withSharp } from './sharp.ts';
import { twoShot } from './two-shot.ts';
import { isKeyColour, unmixKey } from './unmix-key.ts';

/** A picture cut out of its background: a PNG with alpha and what the cut is worth; or why none was made. */
export type CutOut = { bytes: Uint8Array; width: number; height: number; facts: MatteFacts } | { failed: string };

/** The model's picture on a flat colour; `ground` is the colour it was asked for. */
export interface OnKey {
  bytes: Uint8Array;
  ground: Rgb;
  /** Where the model took another flat colour, nothing is cut; else that one goes. */
  onlyThis: boolean;
  xmp: string;
}

/** The same subject on white and on black. */
export interface OnTwo {
  white: Uint8Array;
  black: Uint8Array;
  xmp: string;
}

/** What a picture has around its subject. */
export function lookAtBackground(bytes: Uint8Array): Promise<Background> {
  return withSharp(async (sharp) => inspectBackground(await decode(sharp, bytes)));
}

export function cutFromKey({ bytes, ground, onlyThis, xmp }: OnKey): Promise<CutOut> {
  return withSharp(async (sharp) => {
    const pixels = await decode(sharp, bytes, 'room');
    const background = inspectBackground(pixels);
    if (background.kind !== 'flat') return { failed: describeNotFlat(background) };
    const { colour } = background;
    if (isGround(colour, ground)) return toCutOut(sharp, unmixKey(pixels, colour), xmp);
    if (onlyThis) return { failed: `its background is another one now, rgb(${colour.join(' ')})` };
    const matte = cut(pixels, colour);
    const warning =
      matte.facts.warning ??
      `the model painted it on rgb(${colour.join(' ')}), not on the colour it was asked for, so parts of that colour may be missing.`;
    return toCutOut(sharp, { ...matte, facts: { ...matte.facts, warning } }, xmp);
  });
}

export function cutFromTwo({ white, black, xmp }: OnTwo): Promise<CutOut> {
  return withSharp(async (sharp) => {
    // The result is written into the first, which needs room for alpha.
    const matte = twoShot(...(await Promise.all([decode(sharp, white, 'room'), decode(sharp, black)])));
    return 'failed' in matte ? matte : toCutOut(sharp, matte, xmp);
  });
}

/** Anybody's picture with a flat background; `isCut` when it is transparent around its subject already. `xmp` is the packet of the PNG; empty for none. */
export function cutFromFlat(bytes: Uint8Array, xmp: string): Promise<CutOut | { isCut: true }> {
  return withSharp(async (sharp) => {
    const { hasAlpha } = await sharp(bytes, headerOnly).metadata();
    if (hasAlpha && inspectBackground(await decode(sharp, bytes, 'keep')).kind === 'transparent') return { isCut: true };
    const pixels = await decode(sharp, bytes, 'room');
    const background = inspectBackground(pixels);
    if (background.kind === 'flat') return toCutOut(sharp, cut(pixels, background.colour), xmp || undefined);
    return { failed: describeNotFlat(background) };
  });
}

async function toCutOut(sharp: Sharp, { pixels, facts }: Matte, xmp: string | undefined): Promise<CutOut> {
  return { bytes: await encodePng(sharp, pixels, xmp), width: pixels.width, height: pixels.height, facts };
}

/** A saturated colour is un-mixed everywhere; any other goes only where it reaches the border, since it may be in the subject too. */
function cut(pixels: Pixels, colour: Rgb): Matte {
  return isKeyColour(colour) ? unmixKey(pixels, colour) : removeFlat(pixels, colour);
}

function describeNotFlat({ kind }: Background): string {
  return kind === 'checkerboard' ? 'the background is a painted checkerboard, not transparency' : 'the background is not one flat colour';
}
