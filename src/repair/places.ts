import { ToolError } from '../errors.ts';
import { withoutEmpty } from './json.ts';
import { homes } from './lookup.ts';
import type { ToolShape } from './shape.ts';
import { clip, show, toText } from './show.ts';

/** A value that found its argument (or its part of one), and the key it came under. */
export interface Meant {
  readonly key: string;
  readonly argument: string;
  readonly value: unknown;
}

export function give(tool: string, shape: ToolShape, given: Map<string, Meant>, meant: Meant): void {
  const before = given.get(meant.argument);
  const isOther = before && toText(before.value) !== toText(meant.value);
  if (isOther) throw toConflict(tool, before, meant, `give only "${toRealName(shape, meant.argument)}"`);
  given.set(meant.argument, before ?? meant);
}

function toConflict(tool: string, a: Meant, b: Meant, advice: string): ToolError {
  const both = `"${clip(a.key)}" (${show(a.value)}) and "${clip(b.key)}" (${show(b.value)})`;
  return new ToolError('invalid_argument', `${tool} got ${both}, which do not go together: ${advice}.`);
}

function toRealName(shape: ToolShape, argument: string): string {
  return Object.hasOwn(shape, argument) ? argument : ((homes.get(argument) ?? []).find((home) => Object.hasOwn(shape, home)) ?? argument);
}

export function takePart(given: Map<string, Meant>, part: string): Meant | undefined {
  const meant = given.get(part);
  given.delete(part);
  return meant;
}

/** A folder and a bare file name are two halves of one path. */
export function placeFolder(tool: string, given: Map<string, Meant>, folder: Meant): void {
  const start = typeof folder.value === 'string' ? folder.value.replace(/[^\\/]$/, '$&/') : folder.value;
  const file = given.get('output');
  const name = typeof file?.value === 'string' && !/[\\/]/.test(file.value) ? file.value : '';
  const isInside = typeof start === 'string' && typeof file?.value === 'string' && file.value.startsWith(start);
  if (file && name === '' && !isInside) throw toConflict(tool, file, folder, 'give only "output"');
  if (!isInside) given.set('output', { ...folder, argument: 'output', value: name === '' ? start : `${start}${name}` });
}

/** Several sizes are the widths of a responsive set; nothing else takes several. */
export function placeSizes(tool: string, given: Map<string, Meant>, sizes: Meant, shape: ToolShape): void {
  if (given.get('preset')?.value !== 'srcset')
    throw new ToolError(
      'unsupported',
      `${tool} has no "${clip(sizes.key)}": several widths are the preset "srcset" with widths such as "480,960", one size is width and height, and the sizes of icon sets are fixed.`,
    );
  give(tool, shape, given, { ...sizes, argument: 'widths' });
}

/** Puts pictures where the tool keeps them: all in `images`, or the first in `image` and the others in `references`. */
export function placePictures(tool: string, shape: ToolShape, parts: readonly (Meant | undefined)[]): Record<string, unknown> {
  const [image, images] = parts;
  const [first = [], main = [], extra = []] = parts.map((part) => (Array.isArray(part?.value) ? part.value : []));
  const joined = [...without(first, main), ...main];
  if (Object.hasOwn(shape, 'images')) return withoutEmpty({ images: [...joined, ...without(extra, joined)] });
  if (!Object.hasOwn(shape, 'image')) return {};
  // A list that has the picture to change in another place numbers the pictures otherwise than the model will see them.
  const isMoved = first.length > 0 && joined[0] !== first[0];
  const advice = 'give the picture to change as "image" and the others as "references"';
  if (image && images && isMoved) throw toConflict(tool, image, images, advice);
  const others = joined.slice(1);
  return withoutEmpty({ image: joined[0], references: [...others, ...without(extra, others)] });
}

function without(pictures: readonly unknown[], known: readonly unknown[]): unknown[] {
  return pictures.filter((picture) => !known.includes(picture));
}
