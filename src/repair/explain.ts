import { isEmpty, isOwner } from './json.ts';
import { findHint, pictureParts } from './lookup.ts';
import { clip, show } from './show.ts';

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

/** One sentence for the first few zod issues: the argument, what was expected, what came, what to do. */
export function explainIssues(tool: string, issues: readonly ZodIssueLike[], args: Record<string, unknown>): string {
  const byPlace = new Map<string, string>();
  for (const issue of issues) {
    const path = (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step));
    const place = path.map(String).join('.');
    if (!byPlace.has(place)) byPlace.set(place, explainIssue(tool, issue, path, valueAt(args, path)));
  }
  return `${tool}: ${[...byPlace.values()].slice(0, 3).join('; ')}.`;
}

function explainIssue(tool: string, issue: ZodIssueLike, path: readonly PropertyKey[], value: unknown): string {
  const [first, index] = path;
  if (first === undefined) return clip(issue.message, 300);
  const argument = String(first);
  const name = typeof index === 'number' ? `"${argument}" item ${index + 1}` : `"${argument}"`;
  const shorter =
    typeof value !== 'string' ? 'leave some out' : isPicture(argument) ? 'give the path of a file, not its data' : 'shorten it';
  const isTooLong = issue.code === 'too_big' && typeof value !== 'number';
  const hint = isTooLong
    ? shorter
    : issue.code === 'custom'
      ? clip(issue.message, 300)
      : (findHint(tool, argument) ?? clip(issue.message, 300));
  if (isEmpty(value)) return `${name} is missing: ${hint}`;
  const expected = toExpected(issue);
  const isLength = issue.maximum !== undefined || issue.minimum !== undefined;
  const came = isLength && (typeof value === 'string' || Array.isArray(value)) ? String(value.length) : show(value);
  return `${name} ${expected === undefined ? `cannot be ${came}` : `must ${expected}, but ${came} came`}: ${hint}`;
}

function isPicture(argument: string): boolean {
  return argument === 'mask' || pictureParts.includes(argument);
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
