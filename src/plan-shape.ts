import { ToolError } from './errors.ts';
import { maxPixels, maxPixelsOfCostly } from './image/limits.ts';
import { type AspectRatio, type Format, type Resolution, resolutions, type Size, shapeDistance, toShape } from './media.ts';
import { type CatalogModel, documentedSize, modelsThatCan, nearestRatio } from './model/catalog.ts';
import { formatSize, quote } from './text.ts';

/** How far a picture's shape may be from a ratio of the model and still count as that ratio; Gemini's own pictures are up to 4 % off. */
const sameShape = 0.05;

/** The widest shape that is cropped out of a picture: half of the widest a model paints. */
const widest = 16;

/** From here on two shapes are told apart. */
const exactShape = 0.01;

/** What the size of a picture depends on of a wish. */
interface SizeWish {
  tool: string;
  resolution?: Resolution | undefined;
}

/** The ratio a caller means, or undefined when none was named. Throws for one nobody can make. */
export function toRatio(text: string | undefined): AspectRatio | undefined {
  if (text === undefined) return undefined;
  const [width, height] = text.split(':').map(Number);
  if (!width || !height)
    throw new ToolError('invalid_argument', `aspect_ratio is ${quote(text)}; both numbers must be above 0, such as 16:9.`);
  if (Math.max(width / height, height / width) > widest) {
    throw new ToolError(
      'unsupported',
      `aspect_ratio ${quote(text)} is too extreme: the widest a model paints is 8:1, and limner crops to ${widest}:1 at most.`,
    );
  }
  return `${width}:${height}`;
}

/** The asked ratio, else the first picture's own, else 1:1; where the model lacks it, its nearest and a crop. `again` is a crop made before. */
export function planShape(
  model: CatalogModel,
  asked: AspectRatio | undefined,
  own: Size | undefined,
  again: AspectRatio | undefined,
  warnings: string[],
) {
  const nearest = nearestRatio(model.ratios, asked ?? own ?? '1:1');
  if (asked !== undefined) {
    if (shapeDistance(nearest, asked) < 0.001) return { aspectRatio: nearest };
    warnings.push(`${model.id} has no ${asked}: it paints ${nearest}, which is then cropped to ${asked}.`);
    return { aspectRatio: nearest, cropTo: asked };
  }
  if (again !== undefined) return { aspectRatio: nearest, cropTo: again };
  if (own === undefined || shapeDistance(nearest, own) <= sameShape) return { aspectRatio: nearest };
  const ownRatio: AspectRatio = `${own.width}:${own.height}`;
  if (toShape(own) > widest || toShape(own) < 1 / widest) {
    warnings.push(`A picture of ${formatSize(own)} is too narrow to keep its shape: ${nearest} is used.`);
    return { aspectRatio: nearest };
  }
  warnings.push(`${model.id} has no ratio of ${formatSize(own)}: it paints ${nearest}, which is then cropped to the picture's own shape.`);
  return { aspectRatio: nearest, cropTo: ownRatio };
}

/** The shape of an exact size. Throws for one nobody can make. */
export function toExactShape(
  size: Size,
  format: Format | undefined,
  aspectRatio: AspectRatio | undefined,
  warnings: string[],
): AspectRatio {
  const shape: AspectRatio = `${size.width}:${size.height}`;
  const most = format === 'avif' ? maxPixelsOfCostly : maxPixels;
  if (size.width * size.height > most) {
    throw new ToolError(
      'unsupported',
      `width and height make ${formatSize(size)}; limner makes ${format === 'avif' ? 'avif' : 'files'} of up to ${most / 1_000_000} million pixels. Ask for less.`,
    );
  }
  if (toShape(shape) > widest || toShape(shape) < 1 / widest) {
    throw new ToolError(
      'unsupported',
      `${formatSize(size)} is too extreme a shape: the widest a model paints is 8:1, and limner crops to ${widest}:1 at most. Make one that is less so, and crop it with export_image.`,
    );
  }
  if (aspectRatio && shapeDistance(shape, aspectRatio) > exactShape) {
    warnings.push(`width and height make the shape ${formatSize(size)}; aspect_ratio ${aspectRatio} is not used.`);
  }
  return shape;
}

/** Both edges of the file, where at least one is exact: the other follows from the shape. */
export function toWholeSize({ width, height }: Partial<Size>, shape: AspectRatio | Size): Size | undefined {
  if (width === undefined && height === undefined) return undefined;
  return {
    width: width ?? Math.max(1, Math.round((height ?? 0) * toShape(shape))),
    height: height ?? Math.max(1, Math.round((width ?? 0) / toShape(shape))),
  };
}

/** What the resolution depends on beside the wish. */
interface Surroundings {
  /** The picture that is edited. */
  own: Size | undefined;
  /** The exact size the file is to have. */
  exact: Size | undefined;
}

/**
 * The resolution asked; without one 1K, for an edit the smallest that is not below the picture. An exact size takes the smallest that covers it, or a larger one
 * that was asked. What stays too small is told in `warnings`.
 */
export function planResolution(
  wish: SizeWish,
  model: CatalogModel,
  ratio: AspectRatio,
  { own, exact }: Surroundings,
  warnings: string[],
): Resolution {
  if (exact !== undefined) return coverExact(wish, model, ratio, exact, warnings);
  if (wish.resolution !== undefined) return requireResolution(model, wish.resolution);
  if (wish.tool !== 'edit_image' || own === undefined) return '1K';
  const wanted = resolutions.find((resolution) => covers(documentedSize(ratio, resolution), own)) ?? '4K';
  const possible = model.resolutions.includes(wanted) ? wanted : (model.resolutions.at(-1) ?? '1K');
  const size = documentedSize(ratio, possible);
  if (!covers(size, own))
    warnings.push(
      `The edit will be smaller than the picture: ${formatSize(own)} goes in, about ${formatSize(size)} comes back (${possible}).`,
    );
  return possible;
}

function coverExact(wish: SizeWish, model: CatalogModel, ratio: AspectRatio, exact: Size, warnings: string[]): Resolution {
  const asked = wish.resolution && requireResolution(model, wish.resolution);
  const fits = (resolution: Resolution) => {
    const painted = documentedSize(ratio, resolution);
    return painted.width >= exact.width && painted.height >= exact.height;
  };
  const smallest = model.resolutions.find(fits) ?? model.resolutions.at(-1) ?? '1K';
  const chosen = asked && resolutions.indexOf(asked) > resolutions.indexOf(smallest) ? asked : smallest;
  if (asked && chosen !== asked) warnings.push(`${formatSize(exact)} takes ${chosen}; ${asked} would not cover it.`);
  if (!fits(chosen)) {
    warnings.push(
      `${formatSize(exact)} is more than ${model.id} paints (${chosen}: about ${formatSize(documentedSize(ratio, chosen))}): the picture will be enlarged.`,
    );
  }
  return chosen;
}

function requireResolution(model: CatalogModel, asked: Resolution): Resolution {
  if (model.resolutions.includes(asked)) return asked;
  const able = modelsThatCan((other) => other.resolutions.includes(asked));
  throw new ToolError(
    'unsupported',
    `${model.id} cannot paint ${asked}, only ${model.resolutions.join(', ')}. Ask for less, or use ${able}.`,
  );
}

/** True when a painted size is not below a picture's; the tolerance lets Gemini's own 1408×768 count as 1K. */
function covers(painted: Size, own: Size): boolean {
  return Math.max(painted.width, painted.height) * (1 + sameShape) >= Math.max(own.width, own.height);
}
