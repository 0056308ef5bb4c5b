import { ToolError } from './errors.ts';
import { type AspectRatio, type Resolution, resolutions, type Size, shapeDistance, toShape } from './media.ts';
import { type CatalogModel, documentedSize, modelsThatCan, nearestRatio } from './model/catalog.ts';
import { formatSize, quote } from './text.ts';

/** How far a picture's shape may be from a ratio of the model and still count as that ratio; Gemini's own pictures are up to 4 % off. */
const sameShape = 0.05;

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
  if (Math.max(width / height, height / width) > 16) {
    throw new ToolError(
      'unsupported',
      `aspect_ratio ${quote(text)} is too extreme: the widest a model paints is 8:1, and limner crops to 16:1 at most.`,
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
  if (toShape(own) > 16 || toShape(own) < 1 / 16) {
    warnings.push(`A picture of ${formatSize(own)} is too narrow to keep its shape: ${nearest} is used.`);
    return { aspectRatio: nearest };
  }
  warnings.push(`${model.id} has no ratio of ${formatSize(own)}: it paints ${nearest}, which is then cropped to the picture's own shape.`);
  return { aspectRatio: nearest, cropTo: ownRatio };
}

export function planResolution(
  wish: SizeWish,
  model: CatalogModel,
  ratio: AspectRatio,
  own: Size | undefined,
  warnings: string[],
): Resolution {
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
