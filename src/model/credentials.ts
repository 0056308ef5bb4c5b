import { z } from 'zod';
import type { CredentialPlaces } from '../settings/vertex.ts';
import { showPath } from '../text.ts';
import { fail, type RequestFailure } from './request-failure.ts';

/** Whose right to Vertex AI is used. */
export type Credentials = FileCredentials | { type: 'metadata'; server: string };

const text = z.string().min(1).max(20_000);
const project = z.string().regex(/^[a-z0-9.:-]{6,100}$/);
const email = z.string().regex(/^[\w.-]+@[\w.-]+$/);

const serviceAccount = z.object({
  type: z.literal('service_account'),
  client_email: email,
  private_key: text,
  private_key_id: text.optional(),
  universe_domain: z.string().optional(),
});

const user = z.object({
  type: z.literal('authorized_user'),
  client_id: text,
  client_secret: text,
  refresh_token: text,
  /** Whose quota is used, beside the project that is asked. */
  quota_project_id: project.optional(),
  universe_domain: z.string().optional(),
});

/** One of the two acts as another account. Of the address in the file only the account is taken. */
const impersonated = z.object({
  type: z.literal('impersonated_service_account'),
  source_credentials: z.discriminatedUnion('type', [serviceAccount, user]),
  service_account_impersonation_url: z
    .string()
    .regex(/^https:\/\/iamcredentials\.googleapis\.com\/v1\/projects\/-\/serviceAccounts\/[\w.-]+@[\w.-]+:generateAccessToken$/),
  delegates: z.array(z.string().max(200)).max(10).optional(),
  quota_project_id: project.optional(),
  universe_domain: z.string().optional(),
});

const file = z.discriminatedUnion('type', [serviceAccount, user, impersonated]);
export type FileCredentials = z.infer<typeof file>;

/** Reads a file as text; undefined where there is none, an error where it cannot be read. */
export type ReadText = (path: string) => Promise<string | Error | undefined>;

/** The credentials, or why there are none. Nothing in the file is shown, and nothing in it says where anything is sent. */
export async function findCredentials(places: CredentialPlaces, readText: ReadText): Promise<Credentials | RequestFailure> {
  const content = await readText(places.file);
  const name = `${places.isNamed ? 'GOOGLE_APPLICATION_CREDENTIALS' : 'the file of application default credentials'}, ${showPath(places.file)},`;
  if (content instanceof Error) return refuse(`${name} cannot be read.`);
  if (content !== undefined) return parse(content, name);
  if (places.isNamed) return refuse(`${name} is not there.`);
  return places.metadata === undefined ? missing() : { type: 'metadata', server: places.metadata };
}

function parse(content: string, name: string): FileCredentials | RequestFailure {
  const found = readJson(content);
  const { type } = z.object({ type: z.string() }).catch({ type: '' }).parse(found);
  if (/^external_account/.test(type)) return refuse(`${name} is of an external account. ${external}`);
  const parsed = file.safeParse(found);
  if (!parsed.success)
    return refuse(`${name} is no file of credentials limner takes: of a service account, a user, or an impersonated service account.`);
  const { universe_domain: universe = 'googleapis.com' } = parsed.data;
  if (universe !== 'googleapis.com') return refuse(`${name} is of another cloud than googleapis.com.`);
  return parsed.data;
}

function readJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

const external =
  'limner does not take those, since such a file names programs to run and addresses to ask: give it a service account, one that is impersonated, or a computer in Google Cloud.';

function refuse(why: string): RequestFailure {
  return fail('no_key', `Vertex AI cannot be asked, and nothing was sent: ${why} ${logIn}`);
}

/** No file, and no computer of Google's cloud. */
export function missing(): RequestFailure {
  return fail(
    'no_key',
    `No Google credentials were found, so nothing was sent: there is no file of application default credentials, and this computer is none of Google Cloud. ${logIn}`,
  );
}

export const logIn =
  'The person runs `gcloud auth application-default login`, or sets GOOGLE_APPLICATION_CREDENTIALS to the absolute path of a service account’s key file, and restarts the server. Do not ask for credentials in the chat.';
