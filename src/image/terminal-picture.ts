import type { Size } from '../media.ts';
import { decoding, withSharp } from './sharp.ts';

/** A picture as a terminal takes it. */
export interface TerminalPicture extends Size {
  /** A PNG, or red, green and blue of each pixel. */
  bytes: Uint8Array;
}

/** Colours of a sixel picture; terminals have 256 registers, and one may be theirs. */
const mostColours = 255;

/** The picture inside `box`, in pixels, never enlarged: as PNG, or as pixels of so few colours that sixel can show them. */
export function makeTerminalPicture(bytes: Uint8Array, box: Size, form: 'png' | 'pixels'): Promise<TerminalPicture> {
  return withSharp(async (sharp) => {
    const small = sharp(bytes, decoding).resize(box.width, box.height, { fit: 'inside', withoutEnlargement: true }).toColourspace('srgb');
    const palette = form === 'png' ? {} : { palette: true, colours: mostColours, dither: 0.8 };
    const { data, info } = await small.png({ compressionLevel: 6, ...palette }).toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    if (form === 'png') return { bytes: data, width, height };
    return { bytes: await sharp(data, decoding).removeAlpha().raw().toBuffer(), width, height };
  });
}
