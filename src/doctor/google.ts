import type { Config } from '../config.ts';
import type { ErrorCode } from '../errors.ts';
import type { Unknown } from '../model/availability.ts';
import { googleUrl } from '../model/fetch.ts';
import { showPath } from '../text.ts';
import { about, type Finding } from './finding.ts';
import type { Answer } from './patient.ts';

const { ok, warning, problem } = about('Google');

/** Whether Google was reached with this key, and why not. */
export function checkGoogle(config: Config, answer: Answer): Finding[] {
  if (answer === undefined) return [];
  const name = config.baseUrl === undefined ? 'Google' : `Google's API at ${config.baseUrl} (GOOGLE_GEMINI_BASE_URL)`;
  if ('error' in answer) return [explain(answer, config)];
  const { offered, milliseconds } = answer;
  const names = offered.filter(({ notice }) => notice === undefined).map(({ nickname }) => nickname);
  const list = names.length === 0 ? 'no model limner knows is' : `${toList(names)} ${names.length === 1 ? 'is' : 'are'}`;
  return [ok(`${name}: reached in ${(milliseconds / 1000).toFixed(1)} s; ${list} offered to this key`)];
}

/** `flash`, `flash and pro`, `flash, pro and lite`. */
export function toList(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function explain({ error, reason = '' }: Unknown, config: Config): Finding {
  // What comes after the first sentence is advice for the agent of a paid call; the person's own is below.
  const says = error.message.replace(/\.(\s.*)?$/s, '');
  if (passing.includes(error.code)) return warning(says, 'wait a minute and try again; pictures fail in the same way meanwhile');
  return problem(says, toFix(error.code, reason, config));
}

/** What ends by itself. */
const passing: readonly ErrorCode[] = ['quota', 'overloaded'];

function toFix(code: ErrorCode, reason: string, config: Config): string {
  const { keyName = 'GEMINI_API_KEY', origins, userFile, baseUrl } = config;
  const place = origins[keyName] === 'file' ? showPath(userFile) : 'the environment';
  const way = baseUrl === undefined ? 'the network and the proxy' : 'the network, the proxy and GOOGLE_GEMINI_BASE_URL';
  switch (code) {
    case 'key_rejected':
      return `make a key at https://aistudio.google.com/apikey and set it as ${keyName} in ${place}`;
    case 'permission':
      return 'in Google AI Studio, look at what this key may be used for, and turn the Generative Language API on in its project';
    case 'billing':
      return 'turn on billing for the project of this key in Google AI Studio';
    case 'region':
      return 'see where the API is offered: https://ai.google.dev/gemini-api/docs/available-regions';
    case 'unreachable':
      return untrusted.test(reason)
        ? `where a proxy opens encrypted connections, set NODE_EXTRA_CA_CERTS to the file (PEM) of its certificate authority${baseUrl === undefined ? '' : '; else look at GOOGLE_GEMINI_BASE_URL'}`
        : `look at ${way}`;
    default:
      return `look at ${way}: ${baseUrl ?? googleUrl} has to be let through`;
  }
}

/** A certificate this computer does not trust, or no TLS where it should be. */
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO|SSL|TLS|EPROTO/;
