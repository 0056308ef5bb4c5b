import type { Picture } from './archive/identify.ts';
import type { ImageRecord } from './archive/record.ts';
import { ToolError } from './errors.ts';
import type { Target } from './files/target.ts';
import { type Format, type Size, toExtension } from './media.ts';
import type { PlannedBackground } from './plan-background.ts';
import { formatSize, toFileStem } from './text.ts';

/** What was made of the model's picture for the file that is edited. */
export type Finish = ImageRecord['finish'];

/** The file that was asked for. */
export interface PlannedOutput {
  folder: string;
  stem: string;
  /** True when the caller named the file. */
  named: boolean;
  /** The type to deliver; absent: as the model made it. */
  format?: Format;
  /** Extension as the caller wrote it. */
  extension?: string;
  overwrite: boolean;
  /** Exact pixels; one alone keeps the shape. */
  width?: number;
  height?: number;
  /** Pixels of the width limner itself scales down to, where nobody asked for a size. */
  scaleTo?: number;
  /** Largest file, in thousands of bytes. */
  maxKb?: number;
}

/** What planning looks at of a wish. */
interface FileWish {
  tool: string;
  prompt: string;
  aspectRatio?: string | undefined;
  resolution?: string | undefined;
  format?: 'auto' | Format | undefined;
  overwrite?: boolean | undefined;
  width?: number | undefined;
  height?: number | undefined;
  maxKb?: number | undefined;
}

/**
 * What was done to the model's picture for the file that is edited now: it is done again, unless the call says otherwise. A size is not kept when the call speaks of
 * shape or resolution, and the ceiling, which was meant for that size and type, goes with it; another resolution alone keeps the shape.
 */
export function toFinishAgain(
  wish: FileWish,
  asked: Format | undefined,
  [{ sha256, record, isOriginal } = {}]: readonly Partial<Picture>[],
): Finish {
  if (wish.tool !== 'edit_image' || record === undefined) return {};
  const isDerived = record.delivered?.sha256 === sha256 && record.original?.sha256 !== sha256;
  if (!isDerived && !isOriginal) return {};
  const { format, cropTo, width, height, maxKb, background } = record.finish;
  const isShaped = [wish.width, wish.height, wish.aspectRatio].some((value) => value !== undefined);
  if (isShaped) return { format, cropTo, background };
  const isSameType = asked === undefined || asked === format;
  if (wish.resolution === undefined) return { format, cropTo, background, width, height, ...(isSameType && { maxKb }) };
  return { format, background, cropTo: width && height ? `${width}:${height}` : cropTo };
}

/** What of it is really done again, for the caller to hear. */
export function describeAgain(
  again: Finish,
  output: PlannedOutput,
  now: { cropTo?: string | undefined; background?: PlannedBackground | undefined },
): string[] {
  const size = again.width !== undefined || again.height !== undefined;
  const done = [
    ...(again.format && again.format === output.format ? [`${again.format}`] : []),
    ...(again.cropTo && again.cropTo === now.cropTo ? [`cropped to ${again.cropTo}`] : []),
    ...(size && again.width === output.width && again.height === output.height ? [describePixels(output)] : []),
    ...(now.background?.again ? ['transparent'] : []),
    ...(again.maxKb && again.maxKb === output.maxKb ? [`at most ${again.maxKb} kB`] : []),
  ];
  return done.length === 0 ? [] : [`Like the picture it comes from, the file is to be ${done.join(', ')}.`];
}

/** `1600×900`, `1600 wide`, `900 high`. */
export function describePixels({ width, height }: Partial<Size>): string {
  if (width !== undefined && height !== undefined) return formatSize({ width, height });
  return width === undefined ? `${height} high` : `${width} wide`;
}

/** The type the file is to have, as far as it was said. Throws `invalid_argument` when it was said twice and differently. */
export function toAskedFormat(wish: FileWish, target: Target): Format | undefined {
  const asked = wish.format === 'auto' ? undefined : wish.format;
  if (asked && target.format && asked !== target.format) {
    throw new ToolError(
      'invalid_argument',
      `output ends in .${target.extension} and format is ${asked}: they disagree. Leave format out, or end output in .${toExtension(asked)}.`,
    );
  }
  return asked ?? target.format;
}

/** The file itself; `format` as decided. */
export function planOutput(wish: FileWish, target: Target, again: Finish, format: Format | undefined): PlannedOutput {
  const maxKb = wish.maxKb ?? again.maxKb;
  const [width, height] = wish.width === undefined && wish.height === undefined ? [again.width, again.height] : [wish.width, wish.height];
  return {
    folder: target.folder,
    stem: target.stem ?? toFileStem(wish.prompt),
    named: target.stem !== undefined,
    ...(format && { format }),
    ...(target.extension && { extension: target.extension }),
    overwrite: wish.overwrite ?? false,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(maxKb !== undefined && { maxKb }),
  };
}
