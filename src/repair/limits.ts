import { ToolError } from '../errors.ts';

/**
 * What the arguments of one call may be at most, so that reading them takes no time worth mentioning. The largest that make sense, a prompt of 16,000 characters and a
 * hundred paths of 4,096, have 425,600 characters in a hundred values and a dozen more, three levels deep.
 */
const most = { characters: 1_000_000, values: 2_000, depth: 30 } as const;

/** Throws `invalid_argument` for arguments nobody means: data instead of a path, endless lists, nesting without end. Never recurses. */
export function requireModest(tool: string, raw: unknown): void {
  let [characters, values] = [0, 0];
  let level: [key: string, value: unknown][] = [['', raw]];
  for (let depth = 0; level.length > 0; depth += 1) {
    values += level.length;
    if (values > most.values) throw tooMuch(tool, 'values', most.values);
    if (depth > most.depth) throw tooMuch(tool, 'levels of nesting', most.depth);
    for (const [key, value] of level) characters += key.length + (typeof value === 'string' ? value.length : 0);
    const lists = level.flatMap(([, value]) => (typeof value === 'object' && value !== null ? [value] : []));
    if (lists.some((list) => Array.isArray(list) && list.length > most.values)) throw tooMuch(tool, 'values', most.values);
    level = lists.flatMap((list) => Object.entries(list));
  }
  if (characters > most.characters)
    throw tooMuch(tool, 'characters', most.characters, 'A picture is given by its path, never as data: save it to a file first.');
}

function tooMuch(tool: string, what: string, limit: number, advice = `Give what ${tool} lists, each argument once.`): ToolError {
  return new ToolError('invalid_argument', `The arguments of ${tool} have more than ${limit} ${what}, the most they may have. ${advice}`);
}
