import { isDeepStrictEqual } from 'node:util';
import type { Layout } from '../hosts.ts';
import { isObject, type KeyPath } from './text-format.ts';

/** The name limner's entries have. */
export const entryName = 'limner';

/** How a host starts a server. */
export interface Start {
  command: string;
  args: readonly string[];
}

/** The package as npm has it: for links that anybody may follow. */
export const published: Start = { command: 'npx', args: ['-y', 'limner'] };

/**
 * How hosts are to start this limner: by the absolute paths of this Node and this file, since hosts with a window do not have a shell's PATH. What npx keeps may be gone
 * tomorrow, so it is asked again; on Windows it is a batch file, which hosts cannot start by itself.
 */
export function toStart(node: string, program: string, platform: NodeJS.Platform): Start {
  if (!/[\\/]_npx[\\/]/.test(program)) return { command: node, args: [program] };
  return platform === 'win32' ? { command: 'cmd', args: ['/c', published.command, ...published.args] } : published;
}

/** The keys of an entry that say what is started. */
function toStarting({ command, args }: Start, { command: shape, type }: Layout): Record<string, unknown> {
  return { ...(type !== undefined && { type }), ...(shape === 'list' ? { command: [command, ...args] } : { command, args: [...args] }) };
}

const backend = 'LIMNER_BACKEND';

/** An entry for a file that has none. `standin`: it draws stand-ins. */
export function toNewEntry(start: Start, layout: Layout, standin: boolean): Record<string, unknown> {
  return { ...toStarting(start, layout), ...layout.defaults, ...(standin && { [layout.environment]: { [backend]: 'standin' } }) };
}

/** One key of an entry and what it is to hold; undefined: it goes. */
export interface KeyChange {
  path: KeyPath;
  value: unknown;
}

/** What has to change in an entry of ours: how it is started and who draws. All else the person may have put there stays. */
export function toChanges(entry: Record<string, unknown>, start: Start, layout: Layout, standin: boolean): KeyChange[] {
  const starting = Object.entries(toStarting(start, layout)).filter(([key, value]) => !isDeepStrictEqual(entry[key], value));
  const missing = Object.entries(layout.defaults ?? {}).filter(([key]) => entry[key] === undefined);
  return [...starting, ...missing]
    .map(([key, value]): KeyChange => ({ path: [key], value }))
    .concat(toBackendChange(entry, layout, standin));
}

function toBackendChange(entry: Record<string, unknown>, { environment }: Layout, standin: boolean): KeyChange[] {
  const env = entry[environment];
  const isStandin = isObject(env) && env[backend] === 'standin';
  if (standin === isStandin) return [];
  if (!isObject(env)) return [{ path: [environment], value: { [backend]: 'standin' } }];
  if (standin) return [{ path: [environment, backend], value: 'standin' }];
  return [{ path: Object.keys(env).length === 1 ? [environment] : [environment, backend], value: undefined }];
}

/** True for an entry that starts a limner, this one or another copy; false for a program of somebody else's under its name. */
export function isOurs(entry: unknown, start: Start): boolean {
  const words = toWords(entry);
  return (
    isDeepStrictEqual(words, [start.command, ...start.args]) ||
    words.some(
      (word) =>
        !word.startsWith('@') &&
        /(^|[\\/])limner(@[^\\/]*)?(\.cmd|\.exe)?$|[\\/]limner[^\\/]*([\\/].*)?[\\/]dist[\\/]index\.js$/i.test(word),
    ) ||
    words.some((word) => start.args.includes(word) && /index\.js$/.test(word))
  );
}

/** The words of the command an entry starts. */
export function toWords(entry: unknown): string[] {
  if (!isObject(entry)) return [];
  return [entry.command, entry.args].flat().filter((word) => typeof word === 'string');
}

/** Whether an entry hands over a key of its own, which then wins over the per-user file. */
export function hasOwnKey(entry: unknown, { environment }: Layout): boolean {
  const env = isObject(entry) ? entry[environment] : undefined;
  return isObject(env) && ['GEMINI_API_KEY', 'GOOGLE_API_KEY'].some((name) => env[name] !== undefined);
}
