import { ToolError } from '../errors.ts';
import { squash } from './lookup.ts';
import type { Meant } from './places.ts';
import type { ToolShape } from './shape.ts';
import { show } from './show.ts';

/** A key that has no place here, with what to do instead when that is known. */
export interface Unmet {
  readonly key: string;
  readonly advice: string | undefined;
}

/** What a key and its value come to. */
export type Reading = Meant | Unmet;

/** What is said to keys that have no place. */
export function toRefusal(tool: string, shape: ToolShape, unmet: readonly Unmet[]): ToolError {
  const keys = new Map<string | undefined, string[]>();
  for (const { key, advice } of unmet) keys.set(advice, [...(keys.get(advice) ?? []), show(key)]);
  const known = [...keys].flatMap(([advice, names]) =>
    advice === undefined ? [] : [`no ${isOwn(shape, names) ? 'such ' : ''}${listed(names)}: ${advice}`],
  );
  const unknown = keys.get(undefined);
  if (!unknown) return new ToolError('unsupported', `${tool} has ${known.join('; ')}.`);
  const near = unmet
    .map(({ key, advice }) => (advice === undefined ? toNearest(Object.keys(shape), key) : undefined))
    .find((name) => name !== undefined);
  const question = near === undefined ? '' : ` (did you mean "${near}"?)`;
  const parts = [`no argument ${listed(unknown)}${question}`, ...known].join('; ');
  return new ToolError('invalid_argument', `${tool} has ${parts}. It has: ${Object.keys(shape).join(', ')}.`);
}

/** True when these are arguments of the tool, so that not they but their values have no place. */
function isOwn(shape: ToolShape, shown: readonly string[]): boolean {
  return shown.every((name) => Object.hasOwn(shape, name.replaceAll('"', '')));
}

function listed(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(', ')}, …` : names.join(', ');
}

/** The one of these names that a key may be a misspelling of. */
export function toNearest(names: readonly string[], key: string): string | undefined {
  const name = squash(key);
  const near = names.map((argument) => ({ argument, distance: toDistance(name, squash(argument)) }));
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
