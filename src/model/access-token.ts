import { once } from 'node:events';
import type { AuthClient, OAuth2ClientOptions } from 'google-auth-library';
import { z } from 'zod';
import type { Redactor } from '../redactor.ts';
import type { WebProxy } from '../settings/proxy.ts';
import type { CredentialPlaces } from '../settings/vertex.ts';
import { type Credentials, type FileCredentials, findCredentials, missing, type ReadText } from './credentials.ts';
import { readShort } from './fetch.ts';
import type { RequestFailure } from './request-failure.ts';
import { toTokenFailure } from './token-failures.ts';
import { send } from './wire.ts';

const scope = 'https://www.googleapis.com/auth/cloud-platform';

/** Where tokens are had from, whatever a file of credentials says. */
const tokenHosts: readonly string[] = ['https://oauth2.googleapis.com', 'https://iamcredentials.googleapis.com'];

/** A token is exchanged for the next before it ends, in milliseconds: a picture takes minutes. */
const eagerMs = 5 * 60_000;

/** No computer of Google's cloud takes longer to answer for itself, in milliseconds. */
const metadataMs = 3000;

interface AccessToken {
  reveal(): string;
  /** Whose quota is used, where it is not that of the project that is asked. */
  quotaProject: string | undefined;
}

/** Hands out tokens of application default credentials. */
export interface TokenSource {
  /** One that is good for some minutes, or why there is none. Never rejects but for what `signal` says. */
  find(signal: AbortSignal): Promise<AccessToken | { failure: RequestFailure }>;
  /** The last one was refused: the next is a new one, from credentials that are read again. */
  forget(): void;
}

export interface TokenOptions {
  places: CredentialPlaces;
  readText: ReadText;
  /** Knows each token before anything is done with it. */
  redactor: Redactor;
  proxy: WebProxy | undefined;
}

type Issuer = () => Promise<string | { failure: RequestFailure }>;

/** Google's library makes and keeps tokens; it is given a way to Google and nothing of the environment, so that it neither looks for files nor runs programs. */
export function createTokenSource(options: TokenOptions): TokenSource {
  let issuer: { issue: Issuer; quotaProject: string | undefined } | undefined;
  return {
    async find(signal) {
      if (issuer === undefined) {
        const found = await findCredentials(options.places, options.readText);
        if ('error' in found) return { failure: found };
        issuer = await toIssuer(found, options);
      }
      const { issue, quotaProject } = issuer;
      const token = await unlessAborted(issue(), signal);
      if (typeof token !== 'string') {
        // What was mended since has to be seen.
        issuer = undefined;
        return token;
      }
      options.redactor.learn([token]);
      return { reveal: () => token, quotaProject };
    },
    forget() {
      issuer = undefined;
    },
  };
}

/** What several calls wait for goes on when one of them has ended. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const done = new AbortController();
  const aborted = once(signal, 'abort', { signal: done.signal }).then(() => Promise.reject(signal.reason));
  try {
    return await Promise.race([work, aborted]);
  } finally {
    aborted.catch(() => undefined);
    done.abort();
  }
}

async function toIssuer(found: Credentials, options: TokenOptions): Promise<{ issue: Issuer; quotaProject: string | undefined }> {
  if (found.type === 'metadata') return { issue: createMetadataIssuer(found.server), quotaProject: undefined };
  const { redactor, proxy } = options;
  const source = found.type === 'impersonated_service_account' ? found.source_credentials : found;
  if (source.type === 'authorized_user') redactor.learn([source.refresh_token]);
  const client = await toClient(found, {
    ...quiet,
    transporterOptions: { ...plain, fetchImplementation: createTokenFetch(redactor, proxy) },
  });
  const issue: Issuer = async () => {
    try {
      const { token } = await client.getAccessToken();
      return typeof token === 'string' ? token : { failure: toTokenFailure(found.type, new Error('no token')) };
    } catch (thrown) {
      return { failure: toTokenFailure(found.type, thrown) };
    }
  };
  return { issue, quotaProject: found.type === 'service_account' ? undefined : found.quota_project_id };
}

/** Without what writes requests and answers, tokens included, to the log when a variable says so. */
const quiet = { useAuthRequestParameters: false, eagerRefreshThresholdMillis: eagerMs } as const;

/** Nothing is tried again unasked, and no proxy is looked for: the way is ours. */
const plain = { noProxy: [/^/], retryConfig: { shouldRetry: () => false } };

async function toClient(found: FileCredentials, options: OAuth2ClientOptions): Promise<Pick<AuthClient, 'getAccessToken'>> {
  const { Impersonated } = await import('google-auth-library');
  if (found.type !== 'impersonated_service_account') return toPlainClient(found, options);
  const [, targetPrincipal = ''] = /([^/]+):generateAccessToken$/.exec(found.service_account_impersonation_url) ?? [];
  const sourceClient = await toPlainClient(found.source_credentials, options);
  return new Impersonated({ ...options, sourceClient, targetPrincipal, delegates: found.delegates ?? [], targetScopes: [scope] });
}

async function toPlainClient(found: Exclude<FileCredentials, { type: 'impersonated_service_account' }>, options: OAuth2ClientOptions) {
  const { JWT, UserRefreshClient } = await import('google-auth-library');
  if (found.type === 'service_account') {
    const { client_email, private_key, private_key_id } = found;
    return new JWT({
      ...options,
      email: client_email,
      key: private_key,
      ...(private_key_id && { keyId: private_key_id }),
      scopes: [scope],
    });
  }
  const { client_id, client_secret, refresh_token } = found;
  return new UserRefreshClient({ ...options, clientId: client_id, clientSecret: client_secret, refreshToken: refresh_token });
}

const tokenAnswer = z.object({ access_token: z.string().optional(), accessToken: z.string().optional() });

/** The fetch Google's library is given: to the two places that give tokens and nowhere else, over the same wire as pictures. */
function createTokenFetch(redactor: Redactor, proxy: WebProxy | undefined): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!tokenHosts.includes(url.origin)) throw new Error('a request to a place that gives no tokens');
    const headers = new Headers(init?.headers);
    if (init?.body instanceof URLSearchParams) headers.set('content-type', 'application/x-www-form-urlencoded');
    const signal = AbortSignal.timeout(30_000);
    const answer = await send(url, { headers: Object.fromEntries(headers), body: String(init?.body ?? ''), signal, proxy });
    const text = await readShort(answer.body);
    learnFrom(text, redactor);
    return new Response(text, { status: answer.status, headers: { 'content-type': 'application/json' } });
  };
}

function learnFrom(text: string, redactor: Redactor): void {
  try {
    const { access_token, accessToken } = tokenAnswer.parse(JSON.parse(text));
    redactor.learn([access_token, accessToken].filter((token) => token !== undefined));
  } catch {
    // No JSON, no token.
  }
}

const metadataAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number() });

/** Of the account a computer in Google's cloud runs as. Asked in clear and past any proxy, as it only can be; whoever answers shows no right to anything of ours. */
function createMetadataIssuer(server: string): Issuer {
  let kept: { token: string; until: number } | undefined;
  const url = new URL(`${server}/computeMetadata/v1/instance/service-accounts/default/token?scopes=${encodeURIComponent(scope)}`);
  return async () => {
    if (kept && kept.until > Date.now() + eagerMs) return kept.token;
    try {
      const signal = AbortSignal.timeout(metadataMs);
      const { status, body } = await send(url, { headers: { 'metadata-flavor': 'Google' }, signal });
      const text = await readShort(body);
      if (status === 404) return { failure: toTokenFailure('metadata', new Error('no account')) };
      const { access_token: token, expires_in: seconds } = metadataAnswer.parse(JSON.parse(text));
      kept = { token, until: Date.now() + seconds * 1000 };
      return token;
    } catch {
      return { failure: missing() };
    }
  };
}
