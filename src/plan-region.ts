import type { Picture } from './archive/identify.ts';
import { ToolError } from './errors.ts';
import { shapeDistance } from './media.ts';
import { type Box, describeBox, parseRegion } from './region.ts';
import { formatSize, quote, showPath } from './text.ts';

/** The part of a picture that may change. */
export interface PlannedRegion {
  /** In pixels of the picture as it is seen; absent when a mask says it. */
  box?: Box;
  mask?: { path: string; sha256: string };
  /** For people: the box in words, or the mask's file. */
  described: string;
  /** What the model is told beside the prompt. */
  words: string;
}

/** What the guide is called that shows the model where change is allowed. */
export const guideLabel = 'Guide (white: the part of image 1 that may change)';

/** What planning looks at of a wish. */
interface RegionWish {
  region?: string | undefined;
  aspectRatio?: string | undefined;
  width?: number | undefined;
  height?: number | undefined;
  background?: 'auto' | 'transparent' | undefined;
  maxKb?: number | undefined;
  /** As asked, also by the name of the file. */
  format?: string | undefined;
}

const staysTransparent =
  'Where the picture is transparent it stays so: what is added there will not be seen. To add to the outline of a cut-out, edit it without region.';

/** A mask that is this far from the picture's shape belongs to another picture. */
const maskTolerance = 0.02;

/** What of the picture may change; undefined when all of it may. Throws `invalid_argument` for a region nobody understands and for wishes that would touch the rest. */
export function planRegion(
  wish: RegionWish,
  picture: Picture | undefined,
  mask: Picture | undefined,
  warnings: string[],
): PlannedRegion | undefined {
  if (picture === undefined || (wish.region === undefined && mask === undefined)) return undefined;
  if (wish.region !== undefined && mask !== undefined) {
    throw new ToolError('invalid_argument', 'Both region and mask were given: give the one that says which part may change.');
  }
  refuseOthers(wish, mask === undefined ? 'region' : 'mask');
  if (picture.facts.hasAlpha) warnings.push(staysTransparent);
  if (wish.format === 'jpeg')
    warnings.push('jpeg changes every pixel a little, those outside the region too: png, webp and avif keep them identical.');
  const box = wish.region === undefined ? undefined : parseRegion(wish.region, picture.facts);
  const described = box ? describeBox(box, picture.facts) : `the white of ${showPath(mask?.name ?? '')}`;
  return {
    ...(box && { box }),
    ...(mask && { mask: toMask(mask, picture) }),
    described,
    words:
      `Change only the part of image 1 that is white in the guide${box ? ` (${described})` : ''}. Everything else stays exactly as it is: framing, position, size, colours and light. ` +
      'Return the whole picture, and nothing of the guide in it.',
  };
}

function toMask(mask: Picture, picture: Picture): NonNullable<PlannedRegion['mask']> {
  if (shapeDistance(mask.facts, picture.facts) > maskTolerance) {
    throw new ToolError(
      'invalid_argument',
      `mask ${quote(mask.name, 120)} is ${formatSize(mask.facts)} and the picture ${formatSize(picture.facts)}: a mask has the shape of its picture. Make it ${formatSize(picture.facts)}.`,
    );
  }
  return { path: mask.path, sha256: mask.sha256 };
}

/** The rest of the picture stays as it is to the pixel, so nothing else may be done to it in the same step. */
function refuseOthers(wish: RegionWish, name: string): void {
  const others = [
    ...(wish.aspectRatio === undefined ? [] : ['aspect_ratio']),
    ...(wish.width === undefined ? [] : ['width']),
    ...(wish.height === undefined ? [] : ['height']),
    ...(wish.background === 'transparent' ? ['background'] : []),
    ...(wish.maxKb === undefined ? [] : ['max_kb']),
  ];
  if (others.length === 0) return;
  throw new ToolError(
    'invalid_argument',
    `With ${name} the rest of the picture stays as it is to the pixel, so ${others.join(', ')} cannot be given too. Leave ${others.length > 1 ? 'them' : 'it'} out; export_image can do it afterwards, free.`,
  );
}
