import type { Config } from '../config.ts';
import { options } from '../options.ts';
import { showPath } from '../text.ts';
import { about, type Finding } from './finding.ts';

const { ok } = about('settings');

/** What is wrong with the settings, in the words every command has for it, and where to mend it. A key's mistake is the key's. */
export function checkSettings(config: Config): Finding[] {
  const wrong = [
    ...config.problems.map((sentence) => toFinding(sentence, 'problem', config)),
    ...config.warnings.map((sentence) => toFinding(sentence, 'warning', config)),
  ];
  return wrong.length > 0 ? wrong : [ok(`settings: ${listSettings(config)}`)];
}

function toFinding(sentence: string, state: 'warning' | 'problem', config: Config): Finding {
  const check = /^(GEMINI|GOOGLE)_API_KEY|holds a key/.test(sentence) ? 'key' : 'settings';
  const { says, advice } = split(sentence);
  const place = findPlace(sentence, config);
  const fix = place === undefined ? advice : advice === undefined ? `mend it ${place}` : `${advice} (${place})`;
  return { check, state, says, ...(fix !== undefined && { fix }) };
}

/** What is so and what to do about it, as the sentences of the settings put them together. */
function split(sentence: string): { says: string; advice?: string } {
  const whole = sentence.replace(/\.$/, '');
  const [, value, expected, consequence] = /^(\w+ is "[^"]*"); it must be (.+?)(?:\. (.+))?$/s.exec(whole) ?? [];
  if (value !== undefined)
    return { says: [value, consequence?.replace(/^N/, 'n')].filter(Boolean).join('; '), advice: `make it ${expected}` };
  const [, says, advice] = /^(.+?): ((?:write|replace|put|copy|leave|give|mend|run|name) .+)$/s.exec(whole) ?? [];
  return says !== undefined && advice !== undefined ? { says, advice } : { says: whole };
}

/** Where the setting a sentence begins with is set. */
function findPlace(sentence: string, { origins, userFile }: Config): string | undefined {
  const name = options.find((option) => sentence.startsWith(option.name))?.name;
  const origin = name && origins[name];
  if (origin === undefined) return undefined;
  return origin === 'file' ? `in ${showPath(userFile)}` : 'in the environment';
}

function listSettings({ origins, userFile }: Config): string {
  const namesFrom = (origin: 'environment' | 'file') => options.flatMap(({ name }) => (origins[name] === origin ? [name] : [])).join(', ');
  const [here, filed] = [namesFrom('environment'), namesFrom('file')];
  const places = [...(here ? [`${here} in the environment`] : []), ...(filed ? [`${filed} in ${showPath(userFile)}`] : [])];
  return places.join('; ') || 'none is set, each has its default';
}
