import type { Answer } from './answer.ts';
import * as google from './errors.ts';

const say =
  (problem: google.Problem): Answer =>
  () =>
    google.toReply(problem);
const ratesUrl = 'https://ai.google.dev/gemini-api/docs/rate-limits';
const ratesHelp = google.help('Learn more about Gemini API quotas', ratesUrl);
const overQuota = `You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: ${ratesUrl}. To monitor your current usage, head to: https://ai.dev/rate-limit. `;

/** Any error in Google's shape. */
export function error(status: number, statusName: string, message: string, details?: readonly unknown[]): Answer {
  return say({ status, name: statusName, message, details });
}

function retryInfo(delay: string): unknown {
  return { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: delay };
}

function quotaFailure(model: string, metric: string, quotaId: string, limit: string | undefined): unknown {
  const violation = {
    quotaMetric: `generativelanguage.googleapis.com/${metric}`,
    quotaId,
    quotaDimensions: { location: 'global', model },
    ...(limit !== undefined && { quotaValue: limit }),
  };
  return { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [violation] };
}

/** 429 that says how long to wait: a number of seconds, or the wire's own form such as `34.4s`. No Retry-After header, as with Google. */
export function rateLimited(seconds: number | string): Answer {
  const delay = typeof seconds === 'number' ? `${seconds}s` : seconds;
  const metric = 'generate_requests_per_model';
  return ({ model }) => {
    const limit = `* Quota exceeded for metric: generativelanguage.googleapis.com/${metric}, limit: 10, model: ${model}`;
    const message = `${overQuota}\n${limit}\nPlease retry in ${delay}.`;
    const failure = quotaFailure(model, metric, 'GenerateRequestsPerMinutePerProjectPerModel', '10');
    return google.toReply(google.exhausted(message, [ratesHelp, failure, retryInfo(delay)]));
  };
}

/**
 * 429 of a project without billing: the limit is 0 for ever. As recorded, it says "limit: 0" only in its message (protobuf leaves a zero
 * quotaValue out) and yet names a time to retry, a trap. `bare` leaves the details out.
 */
export function quotaZero({ bare = false } = {}): Answer {
  const metric = 'generate_content_free_tier_requests';
  return ({ model }) => {
    const limit = `* Quota exceeded for metric: generativelanguage.googleapis.com/${metric}, limit: 0, model: ${model}`;
    const message = `${overQuota}\n${limit}\nPlease retry in 10.689924287s.`;
    const failure = quotaFailure(model, metric, 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', undefined);
    return google.toReply(google.exhausted(message, bare ? undefined : [ratesHelp, failure, retryInfo('10s')]));
  };
}

/** 429 without details: nothing more is paid for. */
export function prepaymentDepleted(): Answer {
  const message =
    'Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing.';
  return say(google.exhausted(message));
}

/** 429 of the ten-minute spend window. The wording is ours: Google documents the limit, but no recording of it was found. */
export function spendRate(): Answer {
  const message = `Your project has exceeded its spend-based rate limit for the last 10 minutes. Please try again later. For more information, head to: ${ratesUrl}.`;
  return say(google.exhausted(message));
}

export function keyInvalid(): Answer {
  return say(google.keyInvalid());
}

/** 403 whose message and details repeat the whole key, as Google's do. */
export function keySuspended(key: string): Answer {
  const message = `Permission denied: Consumer 'api_key:${key}' has been suspended.`;
  const info = google.errorInfo('CONSUMER_SUSPENDED', { consumer: 'projects/123456789012', containerInfo: `api_key:${key}` });
  return say(google.denied(message, [info, google.localizedMessage(message)]));
}

export function keyLeaked(): Answer {
  return say(google.denied('Your API key was reported as leaked. Please use another API key.'));
}

/** 403 of a key whose restrictions leave this API out. */
export function keyRestricted(): Answer {
  const method = 'google.ai.generativelanguage.v1beta.ModelService.ListModels';
  const message = `Requests to this API generativelanguage.googleapis.com method ${method} are blocked.`;
  const info = google.errorInfo('API_KEY_SERVICE_BLOCKED', { consumer: 'projects/123456789012', methodName: method });
  return say(google.denied(message, [info, google.localizedMessage(message)]));
}

export function serviceDisabled(): Answer {
  const url = 'https://console.developers.google.com/apis/api/generativelanguage.googleapis.com/overview?project=123456789012';
  const message = `Generative Language API has not been used in project 123456789012 before or it is disabled. Enable it by visiting ${url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.`;
  const info = google.errorInfo('SERVICE_DISABLED', { consumer: 'projects/123456789012', activationUrl: url });
  return say(
    google.denied(message, [info, google.localizedMessage(message), google.help('Google developers console API activation', url)]),
  );
}

export function locationUnsupported(): Answer {
  return error(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.');
}

/** 404 for whatever model was asked for, as if Google had just switched it off. */
export function modelGone(): Answer {
  return ({ model }) => google.toReply(google.modelRetired(model, 'gemini-nano-banana-2.1'));
}

export function overloaded(): Answer {
  return error(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.');
}

export function internal(): Answer {
  const advice = 'Please retry or report in https://developers.generativeai.google/guide/troubleshooting';
  return error(500, 'INTERNAL', `An internal error has occurred. ${advice}`);
}

export function deadline(): Answer {
  return error(504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.');
}
