import type { Config } from '../config.ts';
import { readMode } from '../files/narrow.ts';
import { readText } from '../files/read.ts';
import { type Credentials, findCredentials } from '../model/credentials.ts';
import { showPath } from '../text.ts';
import { about, type Finding } from './finding.ts';
import type { Answer } from './patient.ts';

const { ok, warning, problem } = about('credentials');

export const logInFix =
  'run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the absolute path of a service account’s key file';

/** Whose right to Vertex AI is used, and who may read it. Whether Google takes it, the check of Vertex AI says. */
export async function checkCredentials({ vertex, platform }: Config, answer: Answer): Promise<Finding[]> {
  const found = await findCredentials(vertex.credentials, readText);
  if ('error' in found) return [problem(`credentials: ${toReason(found.error.message)}`, logInFix)];
  if (found.type === 'metadata') {
    // That there is none is what Vertex AI's check says then.
    return answer !== undefined && 'error' in answer && answer.error.code === 'no_key'
      ? []
      : [ok('credentials: of the computer itself, in Google Cloud')];
  }
  const { file } = vertex.credentials;
  const mode = platform === 'win32' ? undefined : await readMode(file);
  const where = `credentials: ${describe(found)} in ${showPath(file)}`;
  if (mode !== undefined && (mode & 0o077) !== 0)
    return [warning(`${where}, which others on this computer may read`, `run chmod 600 on it`)];
  return [ok(where)];
}

/** The first sentence that says something of the file. */
function toReason(message: string): string {
  return (/nothing was sent: (.*?)\. /s.exec(message)?.[1] ?? message).trim();
}

function describe(found: Exclude<Credentials, { type: 'metadata' }>): string {
  if (found.type === 'service_account') return `the service account ${found.client_email}`;
  if (found.type === 'authorized_user') return 'a user’s sign-in';
  const [, account = ''] = /([^/]+):generateAccessToken$/.exec(found.service_account_impersonation_url) ?? [];
  return `those of one that acts as ${account}`;
}
