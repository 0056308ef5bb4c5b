import { ToolError } from './errors.ts';
import { resolutions, type Size } from './media.ts';
import * as table from './repair-table.ts';

/** What repair needs to know of one argument of a tool; read from the tool's JSON schema. */
export interface FieldShape {
  type: 'string' | 'integer' | 'boolean' | 'strings';
  required: boolean;
  /** The values of an enum. */
  values?: readonly string[];
}

export type ToolShape = Record<string, FieldShape>;

/** What is read of a zod issue; a Standard Schema issue will do. */
export interface ZodIssueLike {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly code?: string | undefined;
  readonly expected?: string | undefined;
  readonly origin?: string | undefined;
  readonly minimum?: number | bigint | undefined;
  readonly maximum?: number | bigint | undefined;
  readonly values?: readonly unknown[] | undefined;
}

/** A value that found its argument (or its part of one), and the key it came under. */
interface Meant {
  readonly key: string;
  readonly argument: string;
  readonly value: unknown;
}

/** A key that has no place here, with what to do instead when that is known. */
interface Unmet {
  readonly key: string;
  readonly advice: string | undefined;
}

interface Pair extends Size {
  /** True for an exact size, false for what is only a shape. */
  isPixels: boolean;
}

type Entry = readonly [key: string, value: unknown];

const free = 'Nothing was generated and nothing was charged.';
const unasked = new Set(table.neutralWords);
const wrappers = toSet(table.wrappers);
const silentNames = toSet(table.silentNames);
const toolNameNames = toSet(table.toolNameNames);
const pictureKeys = table.pictureKeys.map(squash);
const pictureNotes = toSet(table.pictureNotes);
const pictureParts: readonly string[] = ['image', 'images', 'references'];
const aliases = toIndex(table.aliases);
const toolAliases = new Map(Object.entries(table.toolAliases).map(([tool, names]) => [tool, toIndex(names)]));
const homes = new Map<string, readonly string[]>(Object.entries(table.homes));
const sides = toIndex(table.sides);
const booleanWords = toIndex(table.booleanWords);
const hints = new Map<string, string>(Object.entries(table.hints));
const synonyms = new Map(
  Object.entries(table.synonyms).map(([name, words]) => [
    name,
    new Map(Object.entries(words).map(([word, value]) => [squash(word), value])),
  ]),
);
const wishes = new Map(table.wishes.flatMap((wish) => wish.names.map((name) => [squash(name), wish])));

/** From an object JSON schema as zod emits it: properties that are strings, integers, booleans, string enums and arrays of strings. */
export function toToolShape(jsonSchema: unknown): ToolShape {
  const schema = isObject(jsonSchema) ? jsonSchema : {};
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, toField(property, required.includes(name))]));
}

function toField(property: unknown, listed: boolean): FieldShape {
  const { type, enum: values, default: standard } = isObject(property) ? property : {};
  // zod lists an argument that has a default as required when it describes what comes out of it.
  const required = listed && standard === undefined;
  if (type === 'array') return { type: 'strings', required };
  if (type === 'boolean') return { type, required };
  if (type === 'integer' || type === 'number') return { type: 'integer', required };
  return Array.isArray(values) ? { type: 'string', required, values: values.map(String) } : { type: 'string', required };
}

/**
 * Bent arguments to ours: other names, other spellings, values in the wrong wrapping. Pure; what is right already stays as it is, and what
 * is still wrong afterwards is left for validation (see `explainIssues`).
 *
 * Throws `ToolError('unsupported')` for wishes limner knows and cannot honour and `ToolError('invalid_argument')` for keys nobody knows,
 * two different values for one argument, and arguments that are no object: paying for a picture without what was asked is worse than
 * one more call.
 */
export function repairArguments(tool: string, shape: ToolShape, raw: unknown): Record<string, unknown> {
  const entries = unwrap(tool, raw);
  const asked = toAskedPixels(entries);
  const readings = entries.flatMap(([key, value]) => readEntry(tool, shape, key, value, asked));
  const unmet = readings.filter((reading) => 'advice' in reading);
  if (unmet.length > 0) throw toRefusal(tool, shape, unmet);
  const given = new Map<string, Meant>();
  for (const meant of readings) if ('argument' in meant) give(tool, shape, given, meant);
  const folder = takePart(given, 'folder');
  if (folder) placeFolder(tool, given, folder);
  const pictures = placePictures(
    tool,
    shape,
    pictureParts.map((part) => takePart(given, part)),
  );
  return { ...Object.fromEntries([...given].map(([argument, { value }]) => [argument, value])), ...pictures };
}

// --- The keys

function unwrap(tool: string, raw: unknown): Entry[] {
  const entries = toEntries(tool, raw);
  const [only] = entries;
  if (!only || entries.length > 1 || !wrappers.has(squash(only[0]))) return entries;
  const inner = fromText(only[1]);
  return isObject(inner) ? toEntries(tool, inner) : entries;
}

function toEntries(tool: string, raw: unknown): Entry[] {
  const plain = fromText(raw);
  const value = isEmpty(plain) ? {} : plain;
  if (isObject(value)) return Object.entries(value).filter(([key, item]) => !isSilent(tool, key, item));
  throw new ToolError(
    'invalid_argument',
    `The arguments of ${tool} must be one object such as {"prompt": "…"}, but ${show(value)} came. ${free}`,
  );
}

function isSilent(tool: string, key: string, value: unknown): boolean {
  if (key.startsWith('_') || silentNames.has(squash(key))) return true;
  // Hosts put the server's name before the tool's.
  return toolNameNames.has(squash(key)) && typeof value === 'string' && squash(value).endsWith(squash(tool));
}

function readEntry(tool: string, shape: ToolShape, key: string, value: unknown, asked: Size | undefined): (Meant | Unmet)[] {
  const argument = toArgument(tool, shape, key);
  if (argument === 'size') return readSize(key, value);
  if (argument === undefined) return readUnplaced(key, value, asked);
  const repaired = repairValue(argument, shape, value);
  if (repaired === undefined) return [];
  const pixels = argument === 'resolution' ? toPair(repaired) : undefined;
  return [pixels?.isPixels ? { key, advice: pixelAdvice(pixels) } : { key, argument, value: repaired }];
}

/** The argument or part a key stands for, when this tool has it. */
function toArgument(tool: string, shape: ToolShape, key: string): string | undefined {
  const name = squash(key);
  const own = Object.keys(shape).find((argument) => squash(argument) === name);
  if (own !== undefined) return own;
  const target = toolAliases.get(tool)?.get(name) ?? aliases.get(name);
  if (target === undefined) return undefined;
  return (homes.get(target) ?? [target]).some((home) => Object.hasOwn(shape, home)) ? target : undefined;
}

function readSize(key: string, value: unknown): (Meant | Unmet)[] {
  const plain = toSingle(fromText(value));
  if (isUnasked(plain)) return [];
  const resolution = toChoice('resolution', resolutions, plain);
  if (resolutions.some((known) => known === resolution)) return [{ key, argument: 'resolution', value: resolution }];
  const pair = toPair(plain);
  if (pair?.isPixels) return [{ key, advice: pixelAdvice(pair) }];
  const ratio = toRatio(plain);
  return [ratio === undefined ? { key, advice: wishes.get('size')?.advice } : { key, argument: 'aspect_ratio', value: ratio }];
}

function readUnplaced(key: string, value: unknown, asked: Size | undefined): Unmet[] {
  const name = squash(key);
  const word = typeof value === 'object' ? '' : String(value).trim().toLowerCase();
  if (isEmpty(value) || word === 'null' || word === 'undefined') return [];
  if (sides.has(name)) return isUnasked(value) || word === '0' ? [] : [{ key, advice: pixelAdvice(asked) }];
  const wish = wishes.get(name) ?? wishes.get(aliases.get(name) ?? '');
  return wish && (unasked.has(word) || wish.harmless.includes(word)) ? [] : [{ key, advice: wish?.advice }];
}

function toRefusal(tool: string, shape: ToolShape, unmet: readonly Unmet[]): ToolError {
  const keys = new Map<string | undefined, string[]>();
  for (const { key, advice } of unmet) keys.set(advice, [...(keys.get(advice) ?? []), show(key)]);
  const known = [...keys].flatMap(([advice, names]) => (advice === undefined ? [] : [`no ${listed(names)}: ${advice}`]));
  const unknown = keys.get(undefined);
  if (!unknown) return new ToolError('unsupported', `${tool} has ${known.join('; ')}. ${free}`);
  const near = unmet
    .map(({ key, advice }) => (advice === undefined ? toNearest(shape, key) : undefined))
    .find((name) => name !== undefined);
  const question = near === undefined ? '' : ` (did you mean "${near}"?)`;
  const parts = [`no argument ${listed(unknown)}${question}`, ...known].join('; ');
  return new ToolError('invalid_argument', `${tool} has ${parts}. It has: ${Object.keys(shape).join(', ')}. ${free}`);
}

function listed(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(', ')}, …` : names.join(', ');
}

function toNearest(shape: ToolShape, key: string): string | undefined {
  const name = squash(key);
  const near = Object.keys(shape).map((argument) => ({ argument, distance: toDistance(name, squash(argument)) }));
  const [nearest] = near.sort((a, b) => a.distance - b.distance);
  return nearest && nearest.distance <= Math.min(2, name.length / 3) ? nearest.argument : undefined;
}

/** Letters to add, drop or change. */
function toDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [line, letter] of [...a].entries()) {
    const next = [line + 1];
    for (const [column, other] of [...b].entries()) {
      const change = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

// --- Several keys for one argument

function give(tool: string, shape: ToolShape, given: Map<string, Meant>, meant: Meant): void {
  const before = given.get(meant.argument);
  const isOther = before && toText(before.value) !== toText(meant.value);
  if (isOther) throw toConflict(tool, before, meant, `give only "${toRealName(shape, meant.argument)}"`);
  given.set(meant.argument, before ?? meant);
}

function toConflict(tool: string, a: Meant, b: Meant, advice: string): ToolError {
  const both = `"${clip(a.key)}" (${show(a.value)}) and "${clip(b.key)}" (${show(b.value)})`;
  return new ToolError('invalid_argument', `${tool} got ${both}, which do not go together: ${advice}. ${free}`);
}

function toRealName(shape: ToolShape, argument: string): string {
  return Object.hasOwn(shape, argument) ? argument : ((homes.get(argument) ?? []).find((home) => Object.hasOwn(shape, home)) ?? argument);
}

function takePart(given: Map<string, Meant>, part: string): Meant | undefined {
  const meant = given.get(part);
  given.delete(part);
  return meant;
}

/** A folder and a bare file name are two halves of one path. */
function placeFolder(tool: string, given: Map<string, Meant>, folder: Meant): void {
  const start = typeof folder.value === 'string' ? folder.value.replace(/[^\\/]$/, '$&/') : folder.value;
  const file = given.get('output');
  const name = typeof file?.value === 'string' && !/[\\/]/.test(file.value) ? file.value : '';
  const isInside = typeof start === 'string' && typeof file?.value === 'string' && file.value.startsWith(start);
  if (file && name === '' && !isInside) throw toConflict(tool, file, folder, 'give only "output"');
  if (!isInside) given.set('output', { ...folder, argument: 'output', value: name === '' ? start : `${start}${name}` });
}

/** Puts pictures where the tool keeps them: all in `images`, or the first in `image` and the others in `references`. */
function placePictures(tool: string, shape: ToolShape, parts: readonly (Meant | undefined)[]): Record<string, unknown> {
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

// --- The values

/** The value as the argument wants it, as far as it can be told (pictures always as a list); undefined when nothing was asked. */
function repairValue(argument: string, shape: ToolShape, value: unknown): unknown {
  const field: FieldShape = (Object.hasOwn(shape, argument) && shape[argument]) || { type: 'string', required: false };
  const isUnsaid = (said: unknown) => isEmpty(said) || (!field.required && isUnasked(said));
  const plain = argument === 'prompt' ? value : fromText(value);
  const single = toSingle(plain);
  if (isUnsaid(single)) return undefined;
  if (field.type === 'strings' || pictureParts.includes(argument)) {
    const pictures = (Array.isArray(plain) ? plain : [plain]).map(toPicture).filter((picture) => !isEmpty(picture));
    return pictures.length > 0 ? pictures : undefined;
  }
  const wanted = toType(argument, field, single);
  return isUnsaid(wanted) ? undefined : wanted;
}

function toType(argument: string, field: FieldShape, value: unknown): unknown {
  if (field.values) return toChoice(argument, field.values, value);
  if (argument === 'aspect_ratio') return toRatio(value) ?? value;
  if (field.type === 'integer') return typeof value === 'string' && /^[+-]?\d+(\.0+)?$/.test(value) ? Number(value) : value;
  if (field.type !== 'boolean' || typeof value === 'object') return value;
  const word = booleanWords.get(String(value).trim().toLowerCase());
  return word === undefined ? value : word === 'true';
}

function toChoice(argument: string, values: readonly string[], value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  const text = String(value);
  // A number is what it is: "10.24" is no spelling of 1024.
  const word = /^[-+.\d]+$/.test(text) ? text : squash(text);
  return values.find((known) => squash(known) === word) ?? synonyms.get(argument)?.get(word) ?? value;
}

function toRatio(value: unknown): string | undefined {
  const word = typeof value === 'string' ? synonyms.get('aspect_ratio')?.get(squash(value)) : undefined;
  const pair = toPair(value);
  if (word !== undefined || !pair) return word;
  // 21:9 is a name as much as a number; only what can be nothing but pixels is reduced.
  return Math.max(pair.width, pair.height) < 100 ? `${pair.width}:${pair.height}` : toReduced(pair);
}

function toReduced({ width, height }: Size): string {
  let [divisor, rest] = [width, height];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return Number.isInteger(width) && Number.isInteger(height) ? `${width / divisor}:${height / divisor}` : `${width}:${height}`;
}

const pairPattern = /^(\d{1,6}(?:\.\d{1,4})?)\s*(px|pixels)?\s*([:：∶x×*/_-]|by|to)\s*(\d{1,6}(?:\.\d{1,4})?)\s*(px|pixels)?$/i;

/** Two positive numbers: `16:9`, `1600x900`, [1600, 900], {width, height}. */
function toPair(value: unknown): Pair | undefined {
  const [, first, unit, separator, second, unitAfter] = (typeof value === 'string' && pairPattern.exec(value)) || [];
  const [left, right] =
    Array.isArray(value) && value.length === 2 ? value : isObject(value) ? [value.width, value.height] : [first, second];
  const [width, height] = [toNumber(left), toNumber(right)];
  if (!(width > 0 && height > 0)) return undefined;
  // "16x9" is a shape, "16x16" an icon, "64x48" no shape anybody writes so.
  const isLarge = Math.max(width, height) >= 32 || (width === height && width > 1);
  return { width, height, isPixels: unit !== undefined || unitAfter !== undefined || (isLarge && !/[:：∶]/.test(separator ?? '')) };
}

function toNumber(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
  return typeof value === 'string' && /^\d{1,6}(\.\d{1,4})?\s*(px)?$/i.test(value.trim()) ? Number.parseFloat(value) : Number.NaN;
}

/** The size that `width` and `height` ask for when both are there. */
function toAskedPixels(entries: readonly Entry[]): Size | undefined {
  const side = (name: string) => entries.find(([key]) => sides.get(squash(key)) === name)?.[1];
  return toPair({ width: side('width'), height: side('height') });
}

function pixelAdvice(size: Size | undefined): string {
  const start = 'exact pixel sizes cannot be made, so give';
  if (!size) return `${start} the shape as aspect_ratio such as "16:9" and the detail as resolution 1K, 2K or 4K`;
  // Google's sizes keep their area: 1K is about 1024 × 1024 pixels in any shape, and so on.
  const covering = resolutions.find((resolution) => size.width * size.height <= (Number.parseInt(resolution, 10) * 1024) ** 2);
  return `${start} aspect_ratio "${toReduced(size)}" and resolution ${covering ? `"${covering}", the smallest that covers it` : '"4K", the largest'}`;
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

/** Text that is a JSON list, object or string, or a list as Python prints it, as what it says; other text trimmed. */
function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (!/^[[{"]/.test(text)) return text;
  const isPython = /^\[\s*'[^'"\\]*'(\s*,\s*'[^'"\\]*')*\s*\]$/.test(text);
  try {
    return JSON.parse(isPython ? text.replaceAll("'", '"') : text);
  } catch {
    return text;
  }
}

function toSingle(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === '';
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null;
}

/** Empty, or a word or a zero that asks for nothing. */
function isUnasked(value: unknown): boolean {
  return isEmpty(value) || value === 0 || (typeof value === 'string' && unasked.has(value.trim().toLowerCase()));
}

function withoutEmpty(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !isEmpty(value)));
}

// --- What validation found

/** One sentence for the first few zod issues: the argument, what was expected, what came, what to do. */
export function explainIssues(tool: string, issues: readonly ZodIssueLike[], args: Record<string, unknown>): string {
  const byPlace = new Map<string, string>();
  for (const issue of issues) {
    const path = (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step));
    const place = path.map(String).join('.');
    if (!byPlace.has(place)) byPlace.set(place, explainIssue(issue, path, valueAt(args, path)));
  }
  return `${tool}: ${[...byPlace.values()].slice(0, 3).join('; ')}. ${free}`;
}

function explainIssue(issue: ZodIssueLike, path: readonly PropertyKey[], value: unknown): string {
  const [first, index] = path;
  if (first === undefined) return clip(issue.message, 300);
  const argument = String(first);
  const name = typeof index === 'number' ? `"${argument}" item ${index + 1}` : `"${argument}"`;
  const hint = issue.code === 'custom' ? clip(issue.message, 300) : (hints.get(argument) ?? clip(issue.message, 300));
  if (isEmpty(value)) return `${name} is missing: ${hint}`;
  const expected = toExpected(issue);
  const isLength = issue.maximum !== undefined || issue.minimum !== undefined;
  const came = isLength && (typeof value === 'string' || Array.isArray(value)) ? String(value.length) : show(value);
  return `${name} ${expected === undefined ? `cannot be ${came}` : `must ${expected}, but ${came} came`}: ${hint}`;
}

const expectedTypes = new Map([
  ['string', 'be text'],
  ['number', 'be a number'],
  ['int', 'be a whole number'],
  ['boolean', 'be true or false'],
  ['array', 'be a list'],
]);

const countedThings = new Map([
  ['string', 'characters'],
  ['array', 'entries'],
]);

function toExpected({ code, expected, origin, minimum, maximum, values }: ZodIssueLike): string | undefined {
  const thing = countedThings.get(origin ?? '');
  const bound = (words: string, limit: number | bigint) =>
    thing === undefined ? `be ${words} ${limit}` : `have ${words} ${limit} ${thing}`;
  if (code === 'too_big' && maximum !== undefined) return bound('at most', maximum);
  if (code === 'too_small' && minimum !== undefined) return bound('at least', minimum);
  if (code === 'invalid_value' && values) return `be ${values.map(show).join(', ')}`.replace(/, (?=[^,]*$)/, ' or ');
  return code === 'invalid_type' ? expectedTypes.get(expected ?? '') : undefined;
}

function valueAt(args: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, step) => (isOwner(value) && Object.hasOwn(value, step) ? value[step] : undefined), args);
}

// --- Small things

/** What came, quoted: no control characters, at most 60 characters. */
function show(value: unknown): string {
  if (typeof value === 'string') return `"${clip(value)}"`;
  return clip(toText(value));
}

function toText(value: unknown): string {
  try {
    return typeof value === 'string' || (typeof value === 'object' && value !== null) ? JSON.stringify(value) : String(value);
  } catch {
    // Nested thousands deep.
    return 'a deeply nested value';
  }
}

function clip(text: string, most = 60): string {
  const characters = [...text.slice(0, most * 4).replace(/\p{C}+/gu, ' ')];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : characters.join('');
}

/** A name without case and separators. */
function squash(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function toSet(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map(squash));
}

/** From `{ target: [names] }` to the target of each name, itself included. */
function toIndex(groups: Record<string, readonly string[]>): ReadonlyMap<string, string> {
  return new Map(Object.entries(groups).flatMap(([target, names]) => [target, ...names].map((name) => [squash(name), target] as const)));
}

function isOwner(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return isOwner(value) && !Array.isArray(value);
}
