import { z } from 'zod';
import { cleanText, quote } from '../text.ts';
import { modelsThatCan } from './catalog.ts';
import { fail, type RequestFailure } from './request-failure.ts';

const errorBody = z.object({
  error: z.object({
    message: z.string().catch(''),
    status: z.string().catch(''),
    details: z.array(z.looseObject({})).catch([]),
  }),
});

/** The body of an error of Google's; empty where it is none. */
export interface GoogleError {
  message: string;
  status: string;
  details: readonly Record<string, unknown>[];
}

/** Reads an error body; whatever it is, HTML included. */
export function parseGoogleError(body: string | undefined): GoogleError {
  try {
    return errorBody.parse(JSON.parse(body ?? '')).error;
  } catch {
    return { message: '', status: '', details: [] };
  }
}

/** 429, which is three things: wait this long, wait for nobody knows how long, or pay. */
export function toQuotaFailure(google: GoogleError): RequestFailure {
  if (hasNoQuota(google)) {
    return fail(
      'billing',
      'This key has no quota for image models: they have no free tier. The person must turn on billing for its project in Google AI Studio; trying again will not help.',
    );
  }
  const delaySeconds = toRetryDelay(google.details);
  if (/prepa(y|id)|credits? (are|is) depleted/i.test(google.message) && delaySeconds === undefined) {
    return fail(
      'billing',
      'The prepaid credits of this Google project are used up. The person must add credit in Google AI Studio (Billing); trying again will not help.',
    );
  }
  if (delaySeconds === undefined) {
    return fail('quota', "Google's rate or spend limit is reached and it did not say for how long. Wait ten minutes, then try again.", {
      retryAfterSeconds: 600,
    });
  }
  const seconds = Math.ceil(delaySeconds);
  return fail('quota', `Google's rate limit is reached. It opens again in ${seconds} s: try then, with the same arguments.`, {
    maxRequests: 3,
    waitMs: delaySeconds * 1000,
    retryAfterSeconds: seconds,
    waitingFor: `rate limit reached, trying again in ${seconds} s`,
  });
}

/** Seconds of `RetryInfo.retryDelay`, such as "34s" or "34.4s". */
export function toRetryDelay(details: readonly Record<string, unknown>[]): number | undefined {
  const delay = details.map((detail) => detail.retryDelay).find((value) => typeof value === 'string');
  const seconds = typeof delay === 'string' ? Number.parseFloat(delay) : Number.NaN;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** A project without billing: Google says so in the message or the details, seldom in both, and names a time to retry all the same. */
function hasNoQuota(google: GoogleError): boolean {
  return /limit: 0\b/.test(google.message) || /"quotaValue":"0"|-FreeTier"/.test(JSON.stringify(google.details));
}

/** 400: the key, the country, billing, or the request itself. */
export function toBadRequest(google: GoogleError): RequestFailure {
  const details = JSON.stringify(google.details);
  if (/API_KEY_INVALID|API_KEY_EXPIRED/.test(details) || /API key (not valid|expired)/i.test(google.message)) {
    return fail(
      'key_rejected',
      'Google does not accept this API key. The person must set GEMINI_API_KEY to a valid key from Google AI Studio (https://aistudio.google.com/apikey).',
    );
  }
  if (/location is not supported/i.test(google.message)) {
    return fail('region', "Google's API is not offered in the country this computer is in. No change of arguments will help.");
  }
  if (google.status === 'FAILED_PRECONDITION') {
    return fail('billing', 'Google refuses this project here until billing is turned on for it in Google AI Studio.');
  }
  return toInvalid(google);
}

/** 400 for the request itself. */
export function toInvalid(google: GoogleError): RequestFailure {
  const words = cleanText(google.message, 300);
  const said = words === '' ? '' : ` Google says: ${quote(words, 300)}`;
  return fail(
    'upstream_fault',
    `Google refused the request as invalid; nothing was billed. A picture it cannot read, or an argument this model does not take, can be the cause.${said}`,
  );
}

/** 401 and 403: what the key may not do, and why. Google's text repeats the key, so none of it is shown. */
export function toPermissionFailure(google: GoogleError): RequestFailure {
  const text = `${google.message} ${JSON.stringify(google.details)}`;
  if (/leaked/i.test(text))
    return fail(
      'key_rejected',
      'Google has blocked this API key because it was found in public. The person must make a new one in Google AI Studio and set GEMINI_API_KEY.',
    );
  if (/suspended/i.test(text))
    return fail(
      'key_rejected',
      'Google has suspended the owner of this API key. The person must use another key or settle it with Google.',
    );
  if (/SERVICE_DISABLED|has not been used in project/i.test(text)) {
    return fail(
      'permission',
      'The Gemini API (Generative Language API) is not enabled for the project of this key. The person must enable it in the Google Cloud console.',
    );
  }
  return fail(
    'permission',
    'This API key may not use the Gemini API: it is restricted, or its project lacks the permission. The person must check the key in Google AI Studio.',
  );
}

/** 404: an id that is gone or never was. */
export function toMissingModel(model: string): RequestFailure {
  return fail(
    'model_gone',
    `Google has no image model ${quote(model, 100)}, or has switched it off. Use ${modelsThatCan((known) => known.id !== model)}. If GOOGLE_GEMINI_BASE_URL is set, check that as well.`,
  );
}
