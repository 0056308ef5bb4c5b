import { parseArgs } from 'node:util';
import { type Host, hosts } from '../hosts.ts';
import { type Parsed, tryParse } from './arguments.ts';
import { toOneLine } from './layout.ts';

const ids = hosts.map(({ id }) => id);

export const usage = `Usage: limner setup                    asks which hosts, shows each change
       limner setup --host HOST,HOST   these hosts, without asking which
       limner setup --print HOST       prints the entry, writes nothing

Hosts: ${ids.slice(0, 5).join(', ')},
       ${ids.slice(5).join(', ')}

Puts limner into the per-user configuration of AI hosts and the Gemini API key
into limner's own settings file, for you alone; then checks the key, for free.

  --key-file FILE   takes the key from a file, - from stdin; else asks for it
  --no-key          goes on without a key
  --standin         labelled stand-in drawings: no model, no key, no cost
  --remove          takes limner out of the hosts again
  --remove-key      takes the key out of limner's settings file
  -y, --yes         does not ask`;

export interface SetupArguments {
  action: 'add' | 'remove' | 'print' | 'help';
  /** Undefined: the person is asked. */
  hosts: readonly Host[] | undefined;
  keyFile: string | undefined;
  noKey: boolean;
  removeKey: boolean;
  standin: boolean;
  yes: boolean;
}

export function parseSetup(args: string[]): Parsed<SetupArguments> {
  return tryParse(() => {
    const { values } = parseArgs({
      args,
      options: {
        host: { type: 'string', multiple: true },
        print: { type: 'string' },
        'key-file': { type: 'string' },
        'no-key': { type: 'boolean' },
        standin: { type: 'boolean' },
        remove: { type: 'boolean' },
        'remove-key': { type: 'boolean' },
        yes: { short: 'y', type: 'boolean' },
        help: { short: 'h', type: 'boolean' },
      },
    });
    const { host, print, 'key-file': keyFile, 'no-key': noKey = false, standin = false, remove = false, yes = false } = values;
    const { 'remove-key': removeKey = false, help = false } = values;
    const action = help ? 'help' : print !== undefined ? 'print' : remove || removeKey ? 'remove' : 'add';
    const clash = help
      ? undefined
      : findClash({ host, print, 'key-file': keyFile, 'no-key': noKey, standin, remove, 'remove-key': removeKey, yes });
    if (clash !== undefined) return { wrong: clash };
    const named = print === undefined ? host : [print];
    const chosen = named === undefined ? undefined : findHostsNamed(named.join(','));
    if (typeof chosen === 'string') return { wrong: chosen };
    // The key alone concerns no host.
    const isKeyAlone = removeKey && !remove;
    return { action, hosts: isKeyAlone ? [] : chosen, keyFile, noKey, removeKey, standin, yes };
  });
}

/** What means nothing together, with what a command was told first. */
const clashes: Readonly<Record<string, readonly string[]>> = {
  print: ['host', 'key-file', 'no-key', 'remove', 'remove-key', 'yes'],
  remove: ['key-file', 'no-key', 'standin'],
  'remove-key': ['key-file', 'no-key', 'standin'],
  'key-file': ['no-key'],
};

function findClash(given: Readonly<Record<string, unknown>>): string | undefined {
  const isGiven = (name: string) => given[name] !== undefined && given[name] !== false;
  const pairs = Object.entries(clashes).flatMap(([name, others]) => others.map((other) => [name, other]));
  const clash = pairs.find((pair) => pair.every(isGiven));
  return clash && `--${clash[0]} and --${clash[1]} mean nothing together.`;
}

/** Hosts by their ids or names, with commas between; a sentence where one is not known. */
export function findHostsNamed(names: string): Host[] | string {
  const words = names.split(',').map((word) => word.trim());
  const unknown = words.find((word) => findHostNamed(word) === undefined);
  if (unknown !== undefined) return `there is no host "${toOneLine(unknown)}"; limner knows ${ids.join(', ')}.`;
  return [...new Set(words.flatMap((word) => findHostNamed(word) ?? []))];
}

function findHostNamed(word: string): Host | undefined {
  const plain = word.toLowerCase().replaceAll(' ', '-');
  return hosts.find(({ id, name }) => id === plain || name.toLowerCase().replaceAll(' ', '-') === plain);
}
