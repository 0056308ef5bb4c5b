import type { Config } from '../config.ts';
import type { ErrorCode, ToolError } from '../errors.ts';
import type { Unknown } from '../model/availability.ts';
import { untrusted } from '../model/failures.ts';
import { googleUrl } from '../model/fetch.ts';
import { toVertexUrl } from '../model/vertex.ts';
import { showPath } from '../text.ts';
import { logInFix } from './credentials.ts';
import { about, type Finding } from './finding.ts';
import type { Answer } from './patient.ts';

const { ok, warning, problem } = about('Google');

/** Whether Google was reached with this key, and why not. */
export function checkGoogle(config: Config, answer: Answer): Finding[] {
  if (answer === undefined) return [];
  const { backend, baseUrl, vertex } = config;
  const isVertex = backend === 'vertex';
  const address = isVertex ? vertex.baseUrl : baseUrl;
  const shown = address === undefined ? '' : ` at ${address} (${isVertex ? 'GOOGLE_VERTEX_BASE_URL' : 'GOOGLE_GEMINI_BASE_URL'})`;
  const name = isVertex ? `Vertex AI${shown}` : shown === '' ? 'Google' : `Google's API${shown}`;
  if ('error' in answer) return [explain(answer, config)];
  const { offered, milliseconds } = answer;
  const names = offered.filter(({ notice }) => notice === undefined).map(({ nickname }) => nickname);
  const list = names.length === 0 ? 'no model limner knows is' : `${toList(names)} ${names.length === 1 ? 'is' : 'are'}`;
  return [ok(`${name}: reached in ${(milliseconds / 1000).toFixed(1)} s; ${list} offered to this ${isVertex ? 'project' : 'key'}`)];
}

/** `flash`, `flash and pro`, `flash, pro and lite`. */
export function toList(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function explain({ error, reason = '' }: Unknown, config: Config): Finding {
  // What comes after the first sentence is advice for the agent of a paid call; the person's own is below.
  const says = error.message.replace(/\.(\s.*)?$/s, '');
  if (passing.includes(error.code)) return warning(says, 'wait a minute and try again; pictures fail in the same way meanwhile');
  return problem(says, (config.backend === 'vertex' && toVertexFix(error, config)) || toFix(error.code, reason, config));
}

/** What ends by itself. */
const passing: readonly ErrorCode[] = ['quota', 'overloaded'];

/** What is done in Google Cloud; undefined where it is the same as with the Gemini API. */
function toVertexFix({ code, message }: ToolError, { vertex: { project } }: Config): string | undefined {
  switch (code) {
    case 'no_key':
    case 'key_rejected':
      return logInFix;
    case 'billing':
      return `link a billing account to the project ${project} in the Google Cloud console`;
    case 'region':
      return 'set GOOGLE_CLOUD_LOCATION=global';
    case 'permission':
      if (/not enabled/.test(message))
        return `run \`gcloud services enable aiplatform.googleapis.com --project ${project}\` and wait a minute`;
      if (/no Google Cloud project/.test(message)) return 'mend GOOGLE_CLOUD_PROJECT; `gcloud projects list` shows yours';
      if (/quota of the project/.test(message)) return `run \`gcloud auth application-default set-quota-project ${project}\``;
      if (/act as the service account/.test(message)) return 'give the account the role roles/iam.serviceAccountTokenCreator on it';
      return `give the account the role Vertex AI User (roles/aiplatform.user) in the project ${project}, or mend GOOGLE_CLOUD_PROJECT`;
    default:
      return undefined;
  }
}

function toFix(code: ErrorCode, reason: string, config: Config): string {
  const { keyName = 'GEMINI_API_KEY', origins, userFile } = config;
  const isVertex = config.backend === 'vertex';
  const baseUrl = isVertex ? config.vertex.baseUrl : config.baseUrl;
  const setting = isVertex ? 'GOOGLE_VERTEX_BASE_URL' : 'GOOGLE_GEMINI_BASE_URL';
  const place = origins[keyName] === 'file' ? showPath(userFile) : 'the environment';
  const way = baseUrl === undefined ? 'the network and the proxy' : `the network, the proxy and ${setting}`;
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
        ? `where a proxy opens encrypted connections, set NODE_EXTRA_CA_CERTS to the file (PEM) of its certificate authority${baseUrl === undefined ? '' : `; else look at ${setting}`}`
        : `look at ${way}`;
    default:
      return `look at ${way}: ${baseUrl ?? (isVertex ? toVertexUrl(config.vertex) : googleUrl)} has to be let through`;
  }
}
