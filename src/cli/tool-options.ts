import type { ParseArgsConfig } from 'node:util';
import { z } from 'zod';
import { aliases, findWish, squash, toolAliases } from '../repair/lookup.ts';
import { toNearest } from '../repair/unmet.ts';
import { type Tool, toListedSchema } from '../tool.ts';
import { toOneLine } from './layout.ts';

/** An option of a command, made of an argument of its tool. */
export interface ToolOption {
  /** As it is typed, without dashes. */
  name: string;
  /** The tool's own name of it; absent when it is no wish about the picture. */
  argument?: string;
  short?: string;
  /** Stands for its value in the help; absent for one that is there or not. */
  value?: string;
  /** It may be given more than once. */
  isList?: boolean;
  /** What the tool says of it. */
  description: string;
}

/** What a person gives by itself, without an option's name. */
const operands: ReadonlySet<string> = new Set(['prompt', 'image', 'images']);

const shorts: Readonly<Record<string, string>> = { output: 'o', count: 'n', model: 'm', preset: 'p' };

/** What stands for a value nothing else is known of than that it is text. */
const values: Readonly<Record<string, string>> = {
  output: 'PLACE',
  model: 'NAME',
  aspect_ratio: 'W:H',
  region: 'BOX',
  mask: 'PICTURE',
  references: 'PICTURE',
  widths: 'N,N',
};

const listed = z.object({
  properties: z.record(
    z.string(),
    z.object({ type: z.string().optional(), enum: z.array(z.string()).optional(), description: z.string().default('') }),
  ),
});

/** The options of a tool: every argument but what is given by itself, under its own name, so that what the tool learns its command can. */
export function toOptions<Input>({ inputSchema }: Tool<Input>): (ToolOption & { argument: string })[] {
  const { properties } = listed.parse(toListedSchema(inputSchema));
  return Object.entries(properties).flatMap(([argument, { type, enum: choices, description }]) => {
    if (operands.has(argument)) return [];
    const [short, value] = [shorts[argument], toValue(argument, type, choices)];
    const option = { name: argument.replaceAll('_', '-'), argument, isList: type === 'array', description };
    return [{ ...option, ...(short !== undefined && { short }), ...(value !== undefined && { value }) }];
  });
}

function toValue(argument: string, type: string | undefined, choices: readonly string[] | undefined): string | undefined {
  if (type === 'boolean') return undefined;
  if (type === 'integer') return 'N';
  const chosen = choices?.filter((choice) => choice !== 'auto' && choice !== 'none');
  return chosen === undefined ? (values[argument] ?? 'TEXT') : chosen.length > 4 ? 'NAME' : chosen.join('|');
}

/** The same for Node's own parser. */
export function toParserOptions(options: readonly ToolOption[]): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    options.map(({ name, short, value, isList = false }) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', multiple: isList, ...(short !== undefined && { short }) },
    ]),
  );
}

/** Why there is no such option, as far as limner knows what somebody who types it is after. `name` as it was typed. */
export function explainUnknownOption<Input>({ name: tool }: Tool<Input>, options: readonly ToolOption[], name: string): string {
  const key = squash(name);
  const meant = toolAliases.get(tool)?.get(key) ?? aliases.get(key);
  const known = options.find(({ argument }) => argument !== undefined && argument === meant)?.name;
  const advice = known === undefined ? findWish(tool, key)?.advice : undefined;
  const near =
    known ??
    toNearest(
      options.map((option) => option.name),
      name,
    );
  const what = `There is no option "${toOneLine(name)}"`;
  if (advice !== undefined) return `${what}: ${advice}.`;
  return near === undefined ? `${what}.` : `${what}; did you mean --${near}?`;
}
