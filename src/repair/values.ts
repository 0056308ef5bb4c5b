import { fromText, isEmpty, isObject, toSingle } from './json.ts';
import { booleanWords, isUnasked, pictureKeys, pictureNotes, pictureParts, sides, squash, synonyms } from './lookup.ts';
import { toRatio } from './ratios.ts';
import type { FieldShape, ToolShape } from './shape.ts';

/** The value as the argument wants it, as far as it can be told (pictures always as a list); undefined when nothing was asked. */
export function repairValue(argument: string, shape: ToolShape, value: unknown): unknown {
  const field: FieldShape = (Object.hasOwn(shape, argument) && shape[argument]) || { type: 'string', required: false };
  const isUnsaid = (said: unknown) => isEmpty(said) || (!field.required && isUnasked(said));
  const plain = argument === 'prompt' ? value : fromText(value);
  const single = toSingle(plain);
  if (isUnsaid(single)) return undefined;
  if (argument === 'jobs') return toJobs(plain);
  if (field.type === 'strings' || pictureParts.includes(argument)) {
    const pictures = (Array.isArray(plain) ? plain : [plain]).map(toPicture).filter((picture) => !isEmpty(picture));
    return pictures.length > 0 ? pictures : undefined;
  }
  const wanted = argument === 'widths' ? toWidths(plain) : toType(argument, field, single);
  return isUnsaid(wanted) ? undefined : wanted;
}

function toType(argument: string, field: FieldShape, value: unknown): unknown {
  if (field.values) return toKnown(argument, field.values, value) ?? value;
  if (argument === 'aspect_ratio') return toRatio(value) ?? value;
  if (argument === 'mask') return toPicture(value);
  if (field.type === 'integer') return toInteger(sides.has(argument), value);
  if (field.type !== 'boolean' || typeof value === 'object') return value;
  const word = booleanWords.get(String(value).trim().toLowerCase());
  return word === undefined ? value : word === 'true';
}

function toInteger(isPixels: boolean, value: unknown): unknown {
  const text = typeof value === 'string' && isPixels ? value.replace(/(?<=\d)\s*(px|pixels)$/i, '') : value;
  return typeof text === 'string' && /^[+-]?\d+(\.0+)?$/.test(text) ? Number(text) : value;
}

/** The value of an enum that is meant, if one is. */
export function toKnown(argument: string, values: readonly string[], value: unknown): string | undefined {
  if (typeof value === 'object') return undefined;
  const text = String(value);
  // A number is what it is: "10.24" is no spelling of 1024.
  const word = /^[-+.\d]+$/.test(text) ? text : squash(text);
  return values.find((known) => squash(known) === word) ?? synonyms.get(argument)?.get(word);
}

/** Jobs as texts, as they came; objects as the JSON they are. */
function toJobs(value: unknown): unknown[] {
  return (Array.isArray(value) ? value : [value]).map((job) => (isObject(job) ? JSON.stringify(job) : job));
}

/** Widths as one text: "480,960,1920". */
export function toWidths(value: unknown): unknown {
  const widths = Array.isArray(value) ? value : [value];
  return widths.every((width) => typeof width === 'number' || typeof width === 'string') ? widths.join(',') : value;
}

/** A picture that came as an object or in quotes, as its path; anything else as it is. */
function toPicture(item: unknown): unknown {
  const plain = toSingle(fromText(item));
  if (!isObject(plain)) return plain;
  const entries = Object.entries(plain).map(([key, value]) => [squash(key), value] as const);
  // A weight or a role beside the path would be lost; validation says so.
  if (entries.some(([key, value]) => !pictureKeys.includes(key) && !pictureNotes.has(key) && !isEmpty(value))) return plain;
  const paths = pictureKeys.map((name) => entries.find(([key]) => key === name)?.[1]);
  return paths.find((path) => typeof path === 'string' && path.trim() !== '') ?? plain;
}
