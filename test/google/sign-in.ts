import { createVerify, generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { jsonReply, type Reply, send } from './reply.ts';
import { listen } from './server.ts';

/** Where tokens are had from: oauth2.googleapis.com and iamcredentials.googleapis.com in one. */
export interface SignIn {
  url: string;
  /** What came, by its kind: `jwt-bearer`, `refresh_token`, `impersonation`. */
  asked: string[];
  /** Files of credentials it takes. */
  serviceAccount: Record<string, string>;
  user: Record<string, string>;
  impersonated: Record<string, unknown>;
  /** Refuses everything with this from now on. */
  refuse(error: string, status?: number): void;
  close(): Promise<void>;
}

const account = 'painter@limner-test-project.iam.gserviceaccount.com';
const tokenUrl = 'https://oauth2.googleapis.com/token';
const scope = 'https://www.googleapis.com/auth/cloud-platform';

/** `issue` makes a token Vertex AI takes. */
export async function startSignIn(issue: () => string): Promise<SignIn> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const asked: string[] = [];
  const sources = new Set<string>();
  let refusal: Reply | undefined;
  const user = {
    type: 'authorized_user',
    client_id: '764086051850.apps.googleusercontent.com',
    client_secret: 'd-client-secret-0123456789',
    refresh_token: '1//0refresh-token-0123456789-abcdefghijklmnop',
    quota_project_id: 'quota-project-42',
  };
  const grant = (token: string) => {
    sources.add(token);
    return jsonReply(200, { access_token: token, expires_in: 3599, token_type: 'Bearer', scope });
  };

  async function answer(incoming: IncomingMessage): Promise<Reply> {
    const body = await text(incoming);
    if (refusal) return refusal;
    if (incoming.url === `/v1/projects/-/serviceAccounts/${account}:generateAccessToken`) {
      asked.push('impersonation');
      const isKnown = sources.has(incoming.headers.authorization?.replace('Bearer ', '') ?? '');
      if (!isKnown) return jsonReply(401, { error: { code: 401, message: 'Unauthenticated', status: 'UNAUTHENTICATED' } });
      return jsonReply(200, { accessToken: issue(), expireTime: new Date(Date.now() + 3_600_000).toISOString() });
    }
    if (incoming.url !== '/token' || incoming.method !== 'POST') return jsonReply(404, { error: 'not_found' });
    const form = new URLSearchParams(body);
    const kind = form.get('grant_type') ?? '';
    asked.push(kind.replace('urn:ietf:params:oauth:grant-type:', ''));
    if (kind === 'refresh_token') {
      const isRight = ['refresh_token', 'client_id', 'client_secret'].every((name) => form.get(name) === Reflect.get(user, name));
      return isRight ? grant(issue()) : jsonReply(400, { error: 'invalid_grant', error_description: 'Bad Request' });
    }
    return isSigned(form.get('assertion') ?? '', publicKey.export({ type: 'spki', format: 'pem' }).toString())
      ? grant(issue())
      : jsonReply(400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' });
  }

  const { url, close } = await listen(async (incoming, response) => send(await answer(incoming), response));
  return {
    url,
    close,
    asked,
    user,
    serviceAccount: {
      type: 'service_account',
      project_id: 'limner-test-project',
      private_key_id: 'key-1',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      client_email: account,
      token_uri: tokenUrl,
    },
    impersonated: {
      type: 'impersonated_service_account',
      source_credentials: user,
      service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
      delegates: [],
    },
    refuse(error, status = 400) {
      refusal = jsonReply(status, { error, error_description: `Token has been expired or revoked: ${user.refresh_token}` });
    },
  };
}

/** Whether an assertion is what Google wants: RS256, for its own address, of this account, for an hour at most. */
function isSigned(assertion: string, publicKey: string): boolean {
  const [head = '', claims = '', signature = ''] = assertion.split('.');
  const isTrue = createVerify('RSA-SHA256').update(`${head}.${claims}`).verify(publicKey, Buffer.from(signature, 'base64url'));
  const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString() || '{}');
  const { iss, aud, iat, exp, scope: asked } = JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}');
  return isTrue && alg === 'RS256' && iss === account && aud === tokenUrl && asked === scope && exp - iat <= 3600;
}
