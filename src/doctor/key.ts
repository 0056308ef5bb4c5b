import type { Config } from '../config.ts';
import { readMode } from '../files/narrow.ts';
import { showPath } from '../text.ts';
import { about, type Finding } from './finding.ts';
import type { Answer } from './patient.ts';

const { ok, warning, problem } = about('key');

/** Whether there is a key, where it comes from and who may read it. What is wrong with a spoilt one, the settings' check says. */
export async function checkKey(config: Config, answer: Answer): Promise<Finding[]> {
  const { apiKey, keyName, backend, userFile } = config;
  if (apiKey === undefined) return keyName !== undefined || backend === 'standin' ? [] : [toMissing(userFile)];
  const where = await describePlace(config);
  const isUnproven = answer === undefined || 'error' in answer;
  if (backend === 'gemini' && config.baseUrl === undefined && isUnproven && !looksRight(apiKey.reveal())) {
    return [
      warning(
        `key: ${where}; it does not look like one of Google's, which begin with AQ. or AIza`,
        'copy it again from https://aistudio.google.com/apikey',
      ),
    ];
  }
  return [ok(`key: ${where}`)];
}

function toMissing(userFile: string): Finding {
  return problem(
    `key: none is set in the environment of this shell or in ${showPath(userFile)}; one that a host hands on cannot be seen from here`,
    'make one at https://aistudio.google.com/apikey (image models need billing) and run `limner setup`, which stores it in that file; LIMNER_BACKEND=standin draws without one',
  );
}

/** Two generations: auth keys, and standard keys of 39 characters. */
function looksRight(key: string): boolean {
  return /^(AQ\.[\w-]{20,}|AIza[\w-]{35})$/.test(key);
}

async function describePlace({ keyName = 'GEMINI_API_KEY', origins, userFile, platform }: Config): Promise<string> {
  if (origins[keyName] === 'environment') return `${keyName} in the environment of this shell; hosts hand on little of it`;
  const mode = platform === 'win32' ? undefined : await readMode(userFile);
  return `${keyName} in ${showPath(userFile)}${mode === undefined ? '' : `, mode ${(mode & 0o777).toString(8).padStart(4, '0')}`}`;
}
