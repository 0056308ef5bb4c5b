import { z } from 'zod';
import type { Fault } from '../fault.ts';
import { type OptionName, options } from '../options.ts';
import { type System, toUserFile } from '../system-folders.ts';
import { cleanText, showPath } from '../text.ts';

/** What surrounds the process; everything configuration depends on, so that it can be worked out without touching anything. */
export interface Surroundings extends System {
  /** Text of the per-user file (see `toUserFile`), undefined when there is none, or why it cannot be read. */
  userFile: string | Error | undefined;
  /** Who may read and change that file, as `stat` says it; undefined when there is none. */
  userFileMode?: number | undefined;
  cwd: string;
  cwdWritable: boolean;
}

/** What is wrong with the settings. */
export interface Findings {
  /** Replaced by a safe default. */
  warnings: Fault[];
  /** No safe default: every call is refused until it is mended. */
  problems: Fault[];
}

/** Where each setting that is set comes from. */
export type Origins = Partial<Record<OptionName, 'environment' | 'file'>>;

/** The value of a setting, trimmed; an empty one counts as none. */
export type Setting = (name: OptionName) => string | undefined;

/** What is said of a limit that cannot be read: it is no licence to spend. */
export const refused = 'nothing is spent until it is mended';

/** One place that knows the order: environment, then the per-user file. Nothing in a project is ever read. */
export function readSettings(surroundings: Surroundings, found: Findings): { setting: Setting; origins: Origins } {
  const file = parseUserFile(surroundings, found);
  const known = new Set<string>(options.map((option) => option.name));
  const unknown = [
    ...Object.keys(surroundings.env).filter((name) => /^LIMNER_/i.test(name) && !known.has(name)),
    ...Object.keys(file).filter((name) => !known.has(name)),
  ];
  for (const name of unknown) reportUnknown(name, found);
  const read = (value: string | undefined) => (leftEmpty.test(value ?? '') ? undefined : value?.trim() || undefined);
  const find = (name: OptionName) => {
    const inEnvironment = read(surroundings.env[name]);
    return inEnvironment === undefined
      ? ({ origin: 'file', value: read(file[name]) } as const)
      : ({ origin: 'environment', value: inEnvironment } as const);
  };
  const origins: Origins = Object.fromEntries(
    options.flatMap(({ name }) => {
      const { origin, value } = find(name);
      return value === undefined ? [] : [[name, origin]];
    }),
  );
  return { setting: (name) => find(name).value, origins };
}

/** What Claude Desktop hands over for a field of an extension that the person left empty: the name of the field, which is in no answer. */
const leftEmpty = /^\$\{user_config\.\w+\}$/;

/** A name nobody knows is passed over, but not where it may be a limit that would then be none. */
function reportUnknown(name: string, found: Findings): void {
  const shown = cleanText(name, 60);
  if (!/budget|usd/i.test(name)) found.warnings.push({ says: `${shown} is not a setting of limner and was ignored` });
  else
    found.problems.push({
      says: `${shown} is not a setting of limner. The budgets are LIMNER_BUDGET_USD_PER_DAY and LIMNER_BUDGET_USD_PER_CALL`,
      consequence: refused,
    });
}

function parseUserFile(surroundings: Surroundings, found: Findings): Record<string, string> {
  const { userFile, platform } = surroundings;
  if (userFile === undefined) return {};
  const path = toUserFile(surroundings);
  try {
    if (userFile instanceof Error) throw userFile;
    const values = z.record(z.string(), z.unknown()).parse(JSON.parse(userFile.replace(/^\uFEFF/, '')));
    const entries = Object.fromEntries(Object.entries(values).flatMap(([name, value]) => toEntry(name, value, platform, path, found)));
    checkMode(path, surroundings, /API_KEY/.test(Object.keys(entries).join()), found);
    return entries;
  } catch {
    const says = `${showPath(path)} is not a readable JSON object such as {"GEMINI_API_KEY": "…"}`;
    found.problems.push({ says, fix: 'mend it or remove it' });
    return {};
  }
}

/** Whoever may change the file chooses where the key is sent; whoever may read it has the key. Windows has no such bits. */
function checkMode(path: string, { userFileMode = 0, platform }: Surroundings, hasKey: boolean, found: Findings): void {
  if (platform === 'win32') return;
  if ((userFileMode & 0o002) !== 0)
    found.problems.push({
      says: `Everybody on this computer may change ${showPath(path)}, and with it where the key is sent`,
      fix: 'run chmod 600 on it',
    });
  else if (hasKey && (userFileMode & 0o077) !== 0)
    found.warnings.push({ says: `${showPath(path)} holds a key and others on this computer may read it`, fix: 'run chmod 600 on it' });
}

/** A setting as the environment would hold it: lists are joined as paths are, null is nothing. */
function toEntry(name: string, value: unknown, platform: NodeJS.Platform, path: string, found: Findings): [string, string][] {
  if (value === null) return [];
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [[name, String(value)]];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return [[name, value.join(pathDelimiter(platform))]];
  found.problems.push({ says: `${cleanText(name, 60)} in ${showPath(path)} must be text, or a list of texts` });
  return [];
}

/** What stands between the folders of a list. */
export function pathDelimiter(platform: NodeJS.Platform): string {
  return platform === 'win32' ? ';' : ':';
}
