import { wrap } from './layout.ts';
import { toShellWords } from './shell-words.ts';
import type { ToolOption } from './tool-options.ts';

/** What the help of a command is made of. */
export interface UsageParts {
  /** The command with what it takes, a line each. */
  synopses: readonly string[];
  about: string;
  examples: readonly string[];
  options: readonly Pick<ToolOption, 'name' | 'short' | 'value' | 'description'>[];
}

/** Where the words of an option begin, in cells. */
const indent = 27;

/** Lines longer than this are hard to read, and those of a pipe have no width. */
const [widest, usual, least] = [100, 80, 50];

/** The help of a command, for a terminal of this width. */
export function toUsage({ synopses, about, examples, options }: UsageParts, columns: number = usual): string {
  const width = Math.max(least, Math.min(widest, columns));
  return [
    toSynopses(synopses),
    '',
    ...wrap(about, width),
    '',
    ...examples.map((example) => `  $ limner ${example}`),
    '',
    ...options.flatMap((option) => toOptionLines(option, width)),
  ].join('\n');
}

/** How the command is written, a line each. */
export function toSynopses(synopses: readonly string[]): string {
  return synopses.map((synopsis, index) => `${index === 0 ? 'Usage: ' : '       '}limner ${synopsis}`).join('\n');
}

function toOptionLines({ name, short, value, description }: UsageParts['options'][number], width: number): string[] {
  const head = `  ${short === undefined ? '   ' : `-${short},`} --${name}${value === undefined ? '' : ` ${value}`}`;
  const [first = '', ...further] = wrap(shortenDescription(description), width - indent).map((line) => `${' '.repeat(indent)}${line}`);
  return head.length < indent - 1 ? [head.padEnd(indent) + first.trimStart(), ...further] : [head, first, ...further];
}

/** What goes without saying at a terminal is left out. */
function shortenDescription(description: string): string {
  return toShellWords(description)
    .replace(/[;.] default false\.$/i, '.')
    .replace('Relative paths start at the project folder. ', '')
    .replace('; file names work too', '');
}
