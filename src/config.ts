import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { toUrlRule, type UrlRule } from './allowed-hosts.ts';
import { type OptionName, options } from './options.ts';
import { defaultStateDir, expandHome, isTooWide, type System, toUserFile } from './system-folders.ts';
import { cleanText, quote } from './text.ts';

/** What surrounds the process; everything configuration depends on, so that it can be worked out without touching anything. */
export interface Surroundings extends System {
  /** Text of the per-user file (see `toUserFile`), undefined when there is none, or why it cannot be read. */
  userFile: string | Error | undefined;
  cwd: string;
  cwdWritable: boolean;
}

/** A secret that no logging or serialising can show by accident. */
export interface Secret {
  reveal(): string;
}

/** US dollars; absent: no limit, and no price for models the catalogue does not know. */
interface Budget {
  perDay?: number;
  perCall?: number;
  pricePerImage?: number;
}

export interface Config {
  backend: 'gemini' | 'standin';
  apiKey: Secret | undefined;
  baseUrl: string | undefined;
  model: string;
  /** Where a picture goes whose place nobody named. */
  outputDir: string;
  /** The working folder, when it is one a person works in; relative paths start here, else at `outputDir`. */
  projectDir: string | undefined;
  /** Folders that may be read from and written to: project, output and those allowed. */
  allowedDirs: readonly string[];
  /** Where pictures may be downloaded from. */
  urls: UrlRule;
  stateDir: string;
  /** Longest edge of a preview in pixels. */
  preview: 1024 | 768 | 512 | 'none';
  timeoutMs: number;
  /** Bytes the archive may take. */
  archiveMaxBytes: number;
  budget: Budget;
  /** Identical calls that are let through within ten minutes; 0: any number. */
  maxRepeats: number;
  userFile: string;
  home: string;
  platform: NodeJS.Platform;
  /** Settings that are wrong and were replaced by a safe default. Told once, with the first result. */
  warnings: readonly string[];
  /** Settings that are wrong and have no safe default: every call is refused until they are mended. */
  problems: readonly string[];
}

/** Everything limner can be told, checked. Never throws: what is wrong is collected, all of it, and a wrong setting never widens a right. */
export function loadConfig(surroundings: Surroundings): Config {
  const { cwd, cwdWritable, home } = surroundings;
  const found: Findings = { warnings: [], problems: [] };
  const setting = readSettings(surroundings, found);
  const projectDir = cwdWritable && !isTooWide(cwd, surroundings) ? cwd : undefined;
  const outputDir = toFolder(setting('LIMNER_OUTPUT_DIR'), 'LIMNER_OUTPUT_DIR', projectDir, surroundings, found.problems);
  const defaultOutputDir = projectDir ? join(projectDir, 'generated-images') : join(home, 'Pictures', 'limner');
  const chosenOutputDir = outputDir ?? defaultOutputDir;
  return {
    backend: toBackend(setting('LIMNER_BACKEND'), found),
    apiKey: toKey(setting, found),
    baseUrl: toBaseUrl(setting('GOOGLE_GEMINI_BASE_URL'), found),
    model: setting('LIMNER_MODEL') ?? 'flash',
    outputDir: chosenOutputDir,
    projectDir,
    allowedDirs: [
      ...new Set([projectDir, chosenOutputDir, ...toAllowedDirs(setting('LIMNER_ALLOWED_DIRS'), projectDir, surroundings, found)]),
    ].filter((folder) => folder !== undefined),
    urls: toUrlRule(setting('LIMNER_ALLOW_URLS'), surroundings.env, found.warnings),
    stateDir:
      toFolder(setting('LIMNER_STATE_DIR'), 'LIMNER_STATE_DIR', projectDir, surroundings, found.problems) ?? defaultStateDir(surroundings),
    preview: toPreview(setting('LIMNER_PREVIEW'), found),
    timeoutMs: toTimeout(setting('LIMNER_TIMEOUT_MS'), found),
    archiveMaxBytes: 1e9 * (toAmount('LIMNER_ARCHIVE_MAX_GB', setting, found.warnings, '2 was used.') ?? 2),
    budget: toBudget(setting, found),
    maxRepeats: toMaxRepeats(setting('LIMNER_MAX_REPEATS'), found),
    userFile: toUserFile(surroundings),
    home,
    platform: surroundings.platform,
    ...found,
  };
}

interface Findings {
  warnings: string[];
  problems: string[];
}

type Setting = (name: OptionName) => string | undefined;

/** One place that knows the order: environment, then the per-user file. An empty value counts as none. */
function readSettings(surroundings: Surroundings, found: Findings): Setting {
  const file = parseUserFile(surroundings, found);
  const known = new Set<string>(options.map((option) => option.name));
  const unknown = [
    ...Object.keys(surroundings.env).filter((name) => name.startsWith('LIMNER_') && !known.has(name)),
    ...Object.keys(file).filter((name) => !known.has(name)),
  ];
  for (const name of unknown) reportUnknown(name, found);
  return (name) => {
    const value = surroundings.env[name]?.trim() || file[name]?.trim();
    return value || undefined;
  };
}

/** A name nobody knows is passed over, but not where it may be a limit that would then be none. */
function reportUnknown(name: string, found: Findings): void {
  const shown = cleanText(name, 60);
  if (!/budget|usd/i.test(name)) found.warnings.push(`${shown} is not a setting of limner and was ignored.`);
  else
    found.problems.push(
      `${shown} is not a setting of limner. The budgets are LIMNER_BUDGET_USD_PER_DAY and LIMNER_BUDGET_USD_PER_CALL. ${refused}`,
    );
}

function parseUserFile(surroundings: Surroundings, found: Findings): Record<string, string> {
  const { userFile, platform } = surroundings;
  if (userFile === undefined) return {};
  const path = toUserFile(surroundings);
  try {
    if (userFile instanceof Error) throw userFile;
    const values = z.record(z.string(), z.unknown()).parse(JSON.parse(userFile.replace(/^\uFEFF/, '')));
    return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => toEntry(name, value, platform, path, found)));
  } catch {
    found.problems.push(`${path} is not a readable JSON object such as {"GEMINI_API_KEY": "…"}: mend it or remove it.`);
    return {};
  }
}

/** A setting as the environment would hold it: lists are joined as paths are, null is nothing. */
function toEntry(name: string, value: unknown, platform: NodeJS.Platform, path: string, found: Findings): [string, string][] {
  if (value === null) return [];
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [[name, String(value)]];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return [[name, value.join(pathDelimiter(platform))]];
  found.problems.push(`${cleanText(name, 60)} in ${path} must be text, or a list of texts.`);
  return [];
}

function pathDelimiter(platform: NodeJS.Platform): string {
  return platform === 'win32' ? ';' : ':';
}

function toBackend(value: string | undefined, found: Findings): Config['backend'] {
  if (value === undefined || value === 'gemini') return 'gemini';
  if (value === 'standin') return 'standin';
  found.problems.push(`LIMNER_BACKEND is ${quote(value)}; it must be gemini or standin.`);
  return 'gemini';
}

/** The names a key goes by and the characters it may have; a key with a line break would be quoted by the HTTP layer's error. */
function toKey(setting: Setting, found: Findings): Secret | undefined {
  const [gemini, google] = [setting('GEMINI_API_KEY'), setting('GOOGLE_API_KEY')];
  if (gemini && google && gemini !== google)
    found.warnings.push('GEMINI_API_KEY and GOOGLE_API_KEY are both set and differ: GEMINI_API_KEY is used.');
  const key = (gemini ?? google)?.replace(/^(["'])(.*)\1$/, '$2').trim();
  if (!key) return undefined;
  const name = gemini ? 'GEMINI_API_KEY' : 'GOOGLE_API_KEY';
  if (/^\$|^%.*%$|\$\{/.test(key)) {
    found.problems.push(`${name} holds a variable that nobody filled in: write the key itself, or have the host fill the variable in.`);
    return undefined;
  }
  if (!/^[\w.~+/=-]+$/.test(key)) {
    found.problems.push(
      `${name} holds characters no key has (such as a space, a line break or an unexpanded $ or {}): copy the key again.`,
    );
    return undefined;
  }
  return { reveal: () => key };
}

function toBaseUrl(value: string | undefined, found: Findings): string | undefined {
  if (value === undefined) return undefined;
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value.replace(/\/+$/, '');
  found.problems.push(
    `GOOGLE_GEMINI_BASE_URL is ${quote(value)}; it must be an address such as https://generativelanguage.googleapis.com.`,
  );
  return undefined;
}

function toPreview(value: string | undefined, found: Findings): Config['preview'] {
  if (value === undefined || value === '1024') return 1024;
  if (value === '768') return 768;
  if (value === '512') return 512;
  if (value === 'none') return 'none';
  found.warnings.push(`LIMNER_PREVIEW is ${quote(value)}; it must be 1024, 768, 512 or none. 1024 was used.`);
  return 1024;
}

function toTimeout(value: string | undefined, found: Findings): number {
  const fallback = 240_000;
  if (value === undefined) return fallback;
  const milliseconds = Number(value);
  if (/^\d+$/.test(value) && milliseconds >= 1000 && milliseconds <= 3_600_000) return milliseconds;
  found.warnings.push(`LIMNER_TIMEOUT_MS is ${quote(value)}; it must be a whole number from 1000 to 3600000. ${fallback} was used.`);
  return fallback;
}

/** A budget that cannot be read is no licence to spend: every call is refused until it is mended. */
const refused = 'Nothing is spent until it is mended.';

function toBudget(setting: Setting, found: Findings): Budget {
  const perDay = toAmount('LIMNER_BUDGET_USD_PER_DAY', setting, found.problems, refused);
  const perCall = toAmount('LIMNER_BUDGET_USD_PER_CALL', setting, found.problems, refused);
  const pricePerImage = toAmount('LIMNER_PRICE_USD_PER_IMAGE', setting, found.problems, refused);
  return {
    ...(perDay !== undefined && { perDay }),
    ...(perCall !== undefined && { perCall }),
    ...(pricePerImage !== undefined && { pricePerImage }),
  };
}

/** A number of dollars or gigabytes, written plainly or with a dollar sign. */
function toAmount(name: OptionName, setting: Setting, findings: string[], consequence: string): number | undefined {
  const value = setting(name);
  if (value === undefined) return undefined;
  const plain = value.replace(/^\$/, '');
  if (/^(\d+(\.\d*)?|\.\d+)$/.test(plain)) return Number(plain);
  findings.push(`${name} is ${quote(value)}; it must be a number such as 2 or 0.50. ${consequence}`);
  return undefined;
}

function toMaxRepeats(value: string | undefined, found: Findings): number {
  const fallback = 50;
  if (value === undefined) return fallback;
  if (/^\d{1,6}$/.test(value)) return Number(value);
  found.warnings.push(`LIMNER_MAX_REPEATS is ${quote(value)}; it must be a whole number, 0 for no limit. ${fallback} was used.`);
  return fallback;
}

function toAllowedDirs(value: string | undefined, projectDir: string | undefined, surroundings: Surroundings, found: Findings): string[] {
  return (value?.split(pathDelimiter(surroundings.platform)) ?? [])
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => toFolder(part, 'LIMNER_ALLOWED_DIRS', projectDir, surroundings, found.warnings))
    .filter((folder) => folder !== undefined);
}

/** An absolute folder from a setting; a folder so wide that it holds other people's or the system's files is refused. */
function toFolder(
  value: string | undefined,
  name: OptionName,
  projectDir: string | undefined,
  surroundings: Surroundings,
  findings: string[],
) {
  if (value === undefined) return undefined;
  const expanded = expandHome(value, surroundings.home);
  if (/\$\{|%\w+%|^\$/.test(expanded)) return refuse(`holds ${quote(value)}, a variable that nobody filled in`);
  if (!isAbsolute(expanded) && projectDir === undefined)
    return refuse(`is ${quote(value)}; without a project folder it must be an absolute path`);
  const folder = resolve(projectDir ?? surroundings.cwd, expanded);
  if (isTooWide(folder, surroundings))
    return refuse(`is ${quote(value)}, but the file system's root, a home or a system folder is too wide: name a folder inside it`);
  return folder;

  function refuse(why: string): undefined {
    findings.push(`${name} ${why}.`);
    return undefined;
  }
}
