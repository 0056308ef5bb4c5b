import type { Config } from '../config.ts';
import type { Fault } from '../fault.ts';
import { options } from '../options.ts';
import { showPath } from '../text.ts';
import { about, type Finding } from './finding.ts';

const { ok } = about('settings');

/** What is wrong with the settings, and where to mend it. A key's mistake is the key's. */
export function checkSettings(config: Config): Finding[] {
  const wrong = [
    ...config.problems.map((fault) => toFinding(fault, 'problem', config)),
    ...config.warnings.map((fault) => toFinding(fault, 'warning', config)),
  ];
  return wrong.length > 0 ? wrong : [ok(`settings: ${listSettings(config)}`)];
}

function toFinding(fault: Fault, state: 'warning' | 'problem', config: Config): Finding {
  const check = /^(GEMINI|GOOGLE)_API_KEY|holds a key/.test(fault.says) ? 'key' : 'settings';
  const advice = fault.expected === undefined ? fault.fix : `make it ${fault.expected}`;
  const place = findPlace(fault.says, config);
  const fix = place === undefined ? advice : advice === undefined ? `mend it ${place}` : `${advice} (${place})`;
  return { check, state, says: [fault.says, fault.consequence].filter(Boolean).join('; '), ...(fix !== undefined && { fix }) };
}

/** Where the setting that is spoken of first is set. */
function findPlace(says: string, { origins, userFile }: Config): string | undefined {
  const name = options.find((option) => says.startsWith(option.name))?.name;
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
