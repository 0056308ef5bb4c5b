import { quote } from '../text.ts';
import type { AskedPlace } from './failures.ts';
import { type GoogleError, toInvalid, toRetryDelay } from './google-errors.ts';
import { fail, type RequestFailure } from './request-failure.ts';

/** What Vertex AI means by an error, where that is something else than the Gemini API would mean; undefined: nothing else. Its words name accounts, so few of them are shown. */
export function toVertexFailure(status: number, google: GoogleError, model: string, place: AskedPlace): RequestFailure | undefined {
  if (status === 400) return toBadRequest(google, place);
  if (status === 401) return rejected;
  if (status === 403) return toDenied(google, place);
  if (status === 404) return toMissing(model, place);
  // Quota is shared by all customers: it comes and goes within seconds, and nobody says when.
  if (status === 429 && toRetryDelay(google.details) === undefined) return toExhausted(google, place);
  return undefined;
}

/** A token that has ended early, or was taken back: the next one may do. */
const rejected = fail(
  'key_rejected',
  'Vertex AI does not take the credentials, which are revoked or of another place; nothing was billed. The person runs `gcloud auth application-default login`, or mends what GOOGLE_APPLICATION_CREDENTIALS names.',
  { maxRequests: 2, waitMs: 0, waitingFor: 'the token was refused, trying a new one' },
);

function toBadRequest(google: GoogleError, { location }: AskedPlace): RequestFailure {
  if (/location|region/i.test(google.message) && /unsupported|not supported|invalid|not available/i.test(google.message))
    return fail(
      'region',
      `Vertex AI does not offer this in ${quote(location)}; nothing was billed. The person sets GOOGLE_CLOUD_LOCATION to another location; "global" has every image model.`,
    );
  if (/billing/i.test(google.message)) return billing;
  return toInvalid(google);
}

const billing = fail(
  'billing',
  'The Google Cloud project has no billing account, or a closed one. The person must link one in the Google Cloud console (Billing); trying again will not help.',
);

/** 403: what is missing, by the reason Google gives it. */
function toDenied({ message, details }: GoogleError, { project, location }: AskedPlace): RequestFailure {
  const text = `${message} ${JSON.stringify(details)}`;
  const name = quote(project);
  if (/SERVICE_DISABLED|has not been used in project/i.test(text))
    return fail(
      'permission',
      `The Vertex AI API is not enabled in the project ${name}. The person runs \`gcloud services enable aiplatform.googleapis.com --project ${project}\` and waits a minute.`,
    );
  if (/BILLING_DISABLED|requires billing/i.test(text)) return billing;
  if (/CONSUMER_INVALID|not found or deleted|CONSUMER_SUSPENDED|has been suspended/i.test(text))
    return fail(
      'permission',
      `There is no Google Cloud project ${name}, or it was deleted or suspended. The person mends GOOGLE_CLOUD_PROJECT.`,
    );
  if (/USER_PROJECT_DENIED|serviceusage\.services\.use/i.test(text))
    return fail(
      'permission',
      `The account may not use the quota of the project its credentials name. The person runs \`gcloud auth application-default set-quota-project ${project}\`.`,
    );
  return fail(
    'permission',
    `The account may not use Vertex AI in the project ${name} (${location}), or there is no such project. The person checks GOOGLE_CLOUD_PROJECT, and gives the account the role Vertex AI User (roles/aiplatform.user) there.`,
  );
}

function toMissing(model: string, { project, location }: AskedPlace): RequestFailure {
  const elsewhere =
    location === 'global' ? 'It may be switched off, or this project may not use it yet' : 'GOOGLE_CLOUD_LOCATION=global has more models';
  return fail(
    'model_gone',
    `Vertex AI has no image model ${quote(model, 100)} in ${quote(location)} for the project ${quote(project)}. ${elsewhere}; \`limner doctor\` tells which there are. If GOOGLE_VERTEX_BASE_URL is set, check that as well.`,
  );
}

function toExhausted({ message }: GoogleError, { project }: AskedPlace): RequestFailure {
  const own = /quota exceeded/i.test(message)
    ? ` The project ${quote(project)} has a quota of its own for this model, which can be raised in the Google Cloud console.`
    : '';
  return fail(
    'quota',
    `Vertex AI has no room for this request at the moment; nothing was billed. Try again in a minute, with the same arguments.${own}`,
    {
      maxRequests: 3,
      retryAfterSeconds: 60,
      waitingFor: 'Vertex AI is busy, trying again',
    },
  );
}
