import { z } from 'zod';
import type { Credentials } from './credentials.ts';
import { logIn } from './credentials.ts';
import { findBarrier, findReason, toBarrierFailure } from './failures.ts';
import { fail, type RequestFailure } from './request-failure.ts';

const answered = z.object({ response: z.object({ status: z.number(), data: z.unknown() }) });
const oauthError = z.object({ error: z.string(), error_description: z.string().catch('') });

/** Why there is no token. Nothing was asked of Vertex AI then, so nothing is billed. Google's words repeat what they were sent, so none of them are shown. */
export function toTokenFailure(type: Credentials['type'], thrown: unknown): RequestFailure {
  const barrier = findBarrier(thrown);
  if (barrier) return toBarrierFailure(barrier, findReason(thrown));
  const whose = names[type];
  const { response } = answered.safeParse(thrown).data ?? {};
  if (response === undefined) return toUnanswered(type, thrown);
  const { error = '', error_description: description = '' } = oauthError.safeParse(response.data).data ?? {};
  if (response.status >= 500 || response.status === 429)
    return fail(
      'overloaded',
      `Google gave no token (${response.status}). Nothing was sent to Vertex AI or billed. Try again in a minute.`,
      {
        maxRequests: 2,
        retryAfterSeconds: 60,
        waitingFor: 'Google gave no token, trying again',
      },
    );
  if (type === 'impersonated_service_account' && (response.status === 403 || response.status === 404))
    return fail(
      'permission',
      'The account may not act as the service account its credentials name; nothing was sent to Vertex AI. The person must give it the role Service Account Token Creator (roles/iam.serviceAccountTokenCreator) on that account.',
    );
  if (error === 'invalid_grant' && /clock|iat|exp|time/i.test(description) && type === 'service_account')
    return fail(
      'key_rejected',
      `Google does not take ${whose}: the clock of this computer is wrong, or the key was removed. Set the clock, or make a new key. ${logIn}`,
    );
  if (error === 'invalid_grant' || error === 'invalid_rapt')
    return fail(
      'key_rejected',
      `Google does not take ${whose} any more: expired, revoked, or the account has to sign in again. Nothing was sent. ${logIn}`,
    );
  return fail('key_rejected', `Google does not take ${whose} (HTTP ${response.status}). Nothing was sent. ${logIn}`);
}

const names: Record<Credentials['type'], string> = {
  service_account: 'the key of this service account',
  authorized_user: 'the sign-in of this user',
  impersonated_service_account: 'the credentials that act as a service account',
  metadata: 'the account of this computer',
};

function toUnanswered(type: Credentials['type'], thrown: unknown): RequestFailure {
  const reason = findReason(thrown);
  if (type === 'metadata')
    return fail(
      'no_key',
      `This computer in Google Cloud runs as no service account, so nothing was sent: give it one with the role Vertex AI User. ${logIn}`,
    );
  if (reason === undefined || /^ERR_OSSL|DECODER|PEM/.test(reason))
    return fail(
      'no_key',
      `${names[type].replace(/^t/, 'T')} cannot be used: the private key in it is not readable, or Google's answer held no token. Nothing was sent. ${logIn}`,
    );
  return fail(
    'unreachable',
    `Google's sign-in, https://oauth2.googleapis.com, cannot be reached (${reason}). Nothing was sent or billed. Check the network and the proxy, then try again.`,
    { maxRequests: 2, waitingFor: 'Google’s sign-in cannot be reached, trying again' },
  );
}
