import { type Backend, backends } from '../backend.ts';
import type { Fault } from '../fault.ts';
import type { OptionName } from '../options.ts';
import { quote } from '../text.ts';
import { type Findings, refused, type Setting } from './source.ts';

/** US dollars; absent: no limit, and no price for models the catalogue does not know. */
export interface Budget {
  perDay?: number;
  perCall?: number;
  pricePerImage?: number;
  /** Set for this caller by whoever runs the server; else by the person's own settings. */
  isOfServer?: true;
}

/** Who can raise a budget, and with what. */
export function toRaising({ isOfServer }: Budget, setting: OptionName): string {
  return isOfServer ? 'only whoever runs this server can raise it' : `only the person can raise ${setting}`;
}

export function toBackend(value: string | undefined, found: Findings): Backend {
  const backend = backends.find((known) => known === (value ?? 'gemini'));
  if (backend !== undefined) return backend;
  found.problems.push({ says: `LIMNER_BACKEND is ${quote(value ?? '')}`, expected: 'gemini, vertex or standin' });
  return 'gemini';
}

/** Groups of tools that are listed where the person wants them. */
export type ToolGroup = 'batch';

export function toToolGroups(value: string | undefined, found: Findings): readonly ToolGroup[] {
  const words = (value ?? '').toLowerCase().split(/[\s,;]+/);
  for (const word of words.filter((each) => each !== '' && each !== 'batch'))
    found.warnings.push({ says: `LIMNER_TOOLS names ${quote(word, 60)}`, expected: 'batch', consequence: 'it was passed over' });
  return words.includes('batch') ? ['batch'] : [];
}

/** Longest edge of a preview in pixels. */
export function toPreview(value: string | undefined, found: Findings): 1024 | 768 | 512 | 'none' {
  if (value === undefined || value === '1024') return 1024;
  if (value === '768') return 768;
  if (value === '512') return 512;
  if (value === 'none') return 'none';
  found.warnings.push({ says: `LIMNER_PREVIEW is ${quote(value)}`, expected: '1024, 768, 512 or none', consequence: '1024 was used' });
  return 1024;
}

export function toTimeout(value: string | undefined, found: Findings): number {
  const fallback = 240_000;
  if (value === undefined) return fallback;
  const milliseconds = Number(value);
  if (/^\d+$/.test(value) && milliseconds >= 1000 && milliseconds <= 3_600_000) return milliseconds;
  const expected = 'a whole number from 1000 to 3600000';
  found.warnings.push({ says: `LIMNER_TIMEOUT_MS is ${quote(value)}`, expected, consequence: `${fallback} was used` });
  return fallback;
}

export function toArchiveMaxBytes(setting: Setting, found: Findings): number {
  return 1e9 * (toAmount('LIMNER_ARCHIVE_MAX_GB', setting, found.warnings, '2 was used') ?? 2);
}

/** A budget that cannot be read is no licence to spend: every call is refused until it is mended. */
export function toBudget(setting: Setting, found: Findings): Budget {
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
function toAmount(name: OptionName, setting: Setting, faults: Fault[], consequence: string): number | undefined {
  const value = setting(name);
  if (value === undefined) return undefined;
  const plain = value.replace(/^\$/, '');
  // Fifteen digits are exact, and more than anybody has; a longer number may be infinite, and a limit no more.
  if (/^(\d{1,15}(\.\d{0,15})?|\.\d{1,15})$/.test(plain)) return Number(plain);
  faults.push({ says: `${name} is ${quote(value)}`, expected: 'a number such as 2 or 0.50', consequence });
  return undefined;
}

/** Identical calls that are let through within ten minutes; 0: any number. */
export function toMaxRepeats(value: string | undefined, found: Findings): number {
  const fallback = 50;
  if (value === undefined) return fallback;
  if (/^\d{1,6}$/.test(value)) return Number(value);
  const expected = 'a whole number, 0 for no limit';
  found.warnings.push({ says: `LIMNER_MAX_REPEATS is ${quote(value)}`, expected, consequence: `${fallback} was used` });
  return fallback;
}
