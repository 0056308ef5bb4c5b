import { setImmediate as nextTurn } from 'node:timers/promises';
import { ToolError } from '../errors.ts';
import type { Size } from '../media.ts';
import { formatSize } from '../text.ts';
import { coverSize, type Fitting, isSameSize, medianBorder, windowAroundOpaque } from './fit.ts';
import { maxPixels } from './limits.ts';
import { findContent } from './margins.ts';
import type { Pixels } from './pixels.ts';
import { decoding, type Sharp, withSharp } from './sharp.ts';

/** A picture to be sized: its own size, upright, and how its decoding begins. */
export interface Source extends Size {
  hasAlpha: boolean;
  open(sharp: Sharp): ReturnType<Sharp>;
}

/** The picture without its margins, decoded; undefined when there are none, or nothing but margin. */
export async function trim(bytes: Uint8Array): Promise<Source | undefined> {
  const pixels = await render((sharp) => sharp(bytes, decoding).autoOrient());
  const content = await findContent(pixels);
  if (content === undefined) return undefined;
  const { left, top } = content;
  const size = { width: content.right - left, height: content.bottom - top };
  if (isSameSize(size, pixels)) return undefined;
  const kept = await render((sharp) => openPixels(sharp, pixels).extract({ left, top, ...size }));
  return { ...size, hasAlpha: kept.channels === 4, open: (sharp) => openPixels(sharp, kept) };
}

/** The pixels of the part that is kept, scaled; three channels unless something is transparent. */
export async function toSize(source: Source, { crop, scaled }: Fitting): Promise<Pixels> {
  const { width, height } = scaled;
  if (isSameSize(crop, source))
    return dropNeedlessAlpha(await render((sharp) => source.open(sharp).resize(width, height, { fit: 'fill' })));
  const covering = coverSize(source, scaled);
  // Scaling first and cropping then would make millions of pixels of a line turned on its side.
  if (covering.width * covering.height > maxPixels) {
    const part = { ...crop, left: Math.floor((source.width - crop.width) / 2), top: Math.floor((source.height - crop.height) / 2) };
    return dropNeedlessAlpha(await render((sharp) => source.open(sharp).extract(part).resize(width, height, { fit: 'fill' })));
  }
  const crops = (image: ReturnType<Sharp>, sharp: Sharp) =>
    image.resize(width, height, { fit: 'cover', position: sharp.strategy.attention });
  if (!source.hasAlpha) return render((sharp) => crops(source.open(sharp), sharp));
  const whole = await dropNeedlessAlpha(
    await render((sharp) => source.open(sharp).resize(covering.width, covering.height, { fit: 'fill' })),
  );
  if (whole.channels === 3) return render((sharp) => crops(openPixels(sharp, whole), sharp));
  return render((sharp) => openPixels(sharp, whole).extract({ ...windowAroundOpaque(whole, scaled), width, height }));
}

export async function addBorder(pixels: Pixels, { scaled, target }: Fitting): Promise<{ pixels: Pixels; notes: string[] }> {
  if (isSameSize(scaled, target)) return { pixels, notes: [] };
  const [red, green, blue] = pixels.channels === 4 ? [0, 0, 0] : medianBorder(pixels);
  const background = { r: red, g: green, b: blue, alpha: pixels.channels === 4 ? 0 : 1 };
  const [left, top] = [Math.floor((target.width - scaled.width) / 2), Math.floor((target.height - scaled.height) / 2)];
  const [right, bottom] = [target.width - scaled.width - left, target.height - scaled.height - top];
  const padded = await render((sharp) => openPixels(sharp, pixels).extend({ left, top, right, bottom, background }));
  const colour = [red, green, blue].map((value) => value.toString(16).padStart(2, '0')).join('');
  const border = pixels.channels === 4 ? 'a transparent border' : `a border of #${colour}`;
  return { pixels: padded, notes: [`Padded from ${formatSize(scaled)} to ${formatSize(target)} with ${border}.`] };
}

/** Pixels looked at before others get a turn: a few milliseconds. */
const pixelsPerTurn = 500_000;

/** An alpha channel through which nothing is seen is left out. */
async function dropNeedlessAlpha(pixels: Pixels): Promise<Pixels> {
  if (pixels.channels === 3) return pixels;
  for (let start = 3; start < pixels.data.length; start += 4 * pixelsPerTurn) {
    const end = Math.min(pixels.data.length, start + 4 * pixelsPerTurn);
    for (let index = start; index < end; index += 4) if (pixels.data[index] !== 255) return pixels;
    await nextTurn();
  }
  return render((sharp) => openPixels(sharp, pixels).removeAlpha());
}

export function openPixels(sharp: Sharp, { data, width, height, channels }: Pixels): ReturnType<Sharp> {
  return sharp(data, { raw: { width, height, channels } });
}

export async function render(make: (sharp: Sharp) => ReturnType<Sharp>): Promise<Pixels> {
  const { data, info } = await withSharp((sharp) =>
    make(sharp).toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  ).catch((cause) => {
    throw new ToolError('unreadable_image', 'The picture is damaged: its pixels cannot be decoded. Export it again, or use another file.', {
      cause,
    });
  });
  return { data, width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3 };
}
