import { z } from 'zod';
import { type ErrorCode, ToolError } from '../errors.ts';
import { cleanText, quote } from '../text.ts';
import { modelsThatCan, nicknames } from './catalog.ts';

/** Why a request brought no picture, and what may be done about it. */
export interface RequestFailure {
  error: ToolError;
  /** How many requests for one picture may be sent in all when this happens; 1 means no retry. */
  maxRequests: 1 | 2 | 3;
  /** Wait at least this long before the next; absent: a short back-off. */
  waitMs?: number;
  /** True when the request may have been billed although nothing came. */
  maybeBilled?: boolean;
  /** True when saying plainly that a picture is wanted may help. */
  nudge?: boolean;
  /** A few words for the progress message while waiting. */
  waitingFor: string;
}

/** What is known of one HTTP exchange that failed. */
export interface Exchange {
  model: string;
  /** Absent: no answer came. */
  status?: number;
  /** Start of the body, of an error or of an answer. */
  body?: string;
  /** The answer passed the size we read. */
  tooLarge?: boolean;
  /** What was thrown. */
  thrown: unknown;
}

const errorBody = z.object({
  error: z.object({
    message: z.string().catch(''),
    status: z.string().catch(''),
    details: z.array(z.looseObject({})).catch([]),
  }),
});

interface GoogleError {
  message: string;
  status: string;
  details: readonly Record<string, unknown>[];
}

/** An HTTP exchange that brought no answer: one row of Google's error table, or of what networks do. Never shows upstream text it did not clean. */
export function toFailure(exchange: Exchange, mask: (text: string) => string): RequestFailure {
  if (exchange.tooLarge)
    return fail('bad_answer', "Google's answer was far larger than any picture and was not read to its end. It may have been billed.");
  const { status } = exchange;
  if (status === undefined) return toNetworkFailure(exchange.thrown);
  if (status >= 200 && status < 300) return toCutOffFailure(exchange.thrown);
  const google = parseGoogleError(exchange.body);
  if (status === 429) return toQuotaFailure(google);
  if (status >= 500) return toServerFailure(status);
  if (status === 400) return toBadRequest(google, mask);
  if (status === 401 || status === 403) return toPermissionFailure(google);
  if (status === 404) return toMissingModel(exchange.model);
  if (status >= 300 && status < 400) {
    return fail(
      'upstream_fault',
      `The API answered with a redirect (${status}), which limner does not follow: the key stays with the address it is meant for. Check GOOGLE_GEMINI_BASE_URL.`,
    );
  }
  return fail(
    'upstream_fault',
    `Google answered with HTTP ${status}, which limner does not know. Try again later; if it stays, check GOOGLE_GEMINI_BASE_URL.`,
  );
}

function fail(code: ErrorCode, message: string, more: Partial<RequestFailure> & { retryAfterSeconds?: number } = {}): RequestFailure {
  const { retryAfterSeconds, ...rest } = more;
  const error = new ToolError(code, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
  return { maxRequests: 1, waitingFor: 'the next try', ...rest, error };
}

function parseGoogleError(body: string | undefined): GoogleError {
  try {
    return errorBody.parse(JSON.parse(body ?? '')).error;
  } catch {
    return { message: '', status: '', details: [] };
  }
}

function toNetworkFailure(thrown: unknown): RequestFailure {
  if (isBrokenConnection(thrown)) {
    return fail('unreachable', 'The connection to Google broke before an answer came. The request may have been billed. Try again.', {
      maxRequests: 2,
      maybeBilled: true,
      waitingFor: 'the connection broke, trying again',
    });
  }
  const reason = causesOf(thrown).find((code) => /^[A-Z_0-9]{3,40}$/.test(code)) ?? 'no answer';
  return fail(
    'unreachable',
    `Google's API cannot be reached (${reason}). Nothing was sent or billed. Check the network, the proxy and GOOGLE_GEMINI_BASE_URL, then try again.`,
    {
      maxRequests: 3,
      waitingFor: 'Google cannot be reached, trying again',
    },
  );
}

/** A connection that was there and broke, or spoke no HTTP: what was sent may have arrived. */
function isBrokenConnection(thrown: unknown): boolean {
  return causesOf(thrown).some((code) => /^(UND_ERR_SOCKET|ECONNRESET|EPIPE|UND_ERR_(HEADERS|BODY)_TIMEOUT|HPE_\w+)$/.test(code));
}

/** Error codes of an error and its causes, outermost first. */
function causesOf(thrown: unknown, depth = 0): string[] {
  if (!(thrown instanceof Error) || depth > 5) return [];
  const own = 'code' in thrown && typeof thrown.code === 'string' ? [thrown.code] : [];
  const inner = thrown instanceof AggregateError ? thrown.errors.flatMap((error) => causesOf(error, depth + 1)) : [];
  return [...own, ...inner, ...causesOf(thrown.cause, depth + 1)];
}

function toCutOffFailure(thrown: unknown): RequestFailure {
  const message = isBrokenConnection(thrown)
    ? "The connection broke in the middle of Google's answer"
    : "Google's answer was cut off or garbled";
  return fail('bad_answer', `${message}. It may have been billed. Try again.`, {
    maxRequests: 2,
    maybeBilled: true,
    waitingFor: 'the answer was cut off, trying again',
  });
}

function toServerFailure(status: number): RequestFailure {
  if (status === 504) {
    return fail(
      'timeout',
      'Google took too long and gave up (504). It may have been billed. Try again later, or ask for a lower resolution.',
      { maybeBilled: true },
    );
  }
  if (status === 500) {
    return fail(
      'upstream_fault',
      'Google had an internal error (500). This is on their side: try again in a minute; if it stays, shorten the prompt.',
      {
        maxRequests: 2,
        waitingFor: 'Google had an internal error, trying again',
      },
    );
  }
  return fail('overloaded', `Google's image service is overloaded or down (${status}). Nothing was billed. Try again in a minute.`, {
    maxRequests: 3,
    retryAfterSeconds: 60,
    waitingFor: 'Google is overloaded, trying again',
  });
}

function toQuotaFailure(google: GoogleError): RequestFailure {
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
function toRetryDelay(details: readonly Record<string, unknown>[]): number | undefined {
  const delay = details.map((detail) => detail.retryDelay).find((value) => typeof value === 'string');
  const seconds = typeof delay === 'string' ? Number.parseFloat(delay) : Number.NaN;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** A project without billing: Google says so in the message or the details, seldom in both, and names a time to retry all the same. */
function hasNoQuota(google: GoogleError): boolean {
  return /limit: 0\b/.test(google.message) || /"quotaValue":"0"|-FreeTier"/.test(JSON.stringify(google.details));
}

function toBadRequest(google: GoogleError, mask: (text: string) => string): RequestFailure {
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
  const words = cleanText(mask(google.message), 300);
  const said = words === '' ? '' : ` Google says: ${quote(words, 300)}`;
  return fail(
    'upstream_fault',
    `Google refused the request as invalid; nothing was billed. A picture it cannot read, or an argument this model does not take, can be the cause.${said}`,
  );
}

function toPermissionFailure(google: GoogleError): RequestFailure {
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

function toMissingModel(model: string): RequestFailure {
  return fail(
    'model_gone',
    `Google has no image model ${quote(model, 100)}, or has switched it off. Use ${nicknames.join(', ')}: ${modelsThatCan(() => true)}.`,
  );
}
