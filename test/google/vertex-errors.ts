import type { Answer } from './answer.ts';
import { denied, exhausted, invalid, notFound, type Problem, toReply } from './errors.ts';

const say =
  (problem: Problem): Answer =>
  () =>
    toReply(problem);

const service = 'aiplatform.googleapis.com';

function errorInfo(reason: string, metadata: Record<string, string> = {}, domain = 'googleapis.com'): unknown {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain, metadata: { service, ...metadata } };
}

function unauthenticated(message: string, reason: string): Problem {
  return { status: 401, name: 'UNAUTHENTICATED', message, details: [errorInfo(reason)] };
}

const wantsToken =
  'Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.';

export const tokenMissing = () =>
  unauthenticated(`Request is missing required authentication credential. ${wantsToken}`, 'CREDENTIALS_MISSING');
export const tokenInvalid = () => unauthenticated(`Request had invalid authentication credentials. ${wantsToken}`, 'ACCESS_TOKEN_EXPIRED');
export const keyUnsupported = () =>
  unauthenticated(
    'API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that assert a principal. See https://cloud.google.com/docs/authentication',
    'CREDENTIALS_MISSING',
  );

export function projectDenied(project: string, location: string): Problem {
  const permission = 'aiplatform.endpoints.predict';
  const resource = `projects/${project}/locations/${location}/publishers/google/models/any`;
  const message = `Permission '${permission}' denied on resource '//aiplatform.googleapis.com/${resource}' (or it may not exist).`;
  return denied(message, [errorInfo('IAM_PERMISSION_DENIED', { permission, resource }, service)]);
}

export const locationUnsupported = (location: string) =>
  invalid(`Unsupported region for Vertex AI: ${location} is not a supported location.`);
export const unknownPath = () => notFound('Requested entity was not found.');
export const roleMissing = () => invalid('Please use a valid role: user, model.');
export const pictureTooLarge = () => invalid('Unable to submit request because an inline image is larger than the limit of 7 MB.');
export const filesUnsupported = () =>
  invalid(
    'Unable to submit request because the fileUri is not a Cloud Storage URI or an HTTP URL. Files of the Gemini API are not supported.',
  );

export function modelMissing(id: string, location: string): Problem {
  const name = `projects/limner-test-project/locations/${location}/publishers/google/models/${id}`;
  return notFound(
    `Publisher Model \`${name}\` was not found or your project does not have access to it. Please ensure you are using a valid model version. For more information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions`,
  );
}

export const serviceDisabled = () => {
  const url = 'https://console.developers.google.com/apis/api/aiplatform.googleapis.com/overview?project=limner-test-project';
  return denied(
    `Vertex AI API has not been used in project limner-test-project before or it is disabled. Enable it by visiting ${url} then retry.`,
    [errorInfo('SERVICE_DISABLED', { consumer: 'projects/limner-test-project', activationUrl: url })],
  );
};

const billingDisabled = () =>
  denied('This API method requires billing to be enabled. Please enable billing on project #limner-test-project then retry.', [
    errorInfo('BILLING_DISABLED', { consumer: 'projects/limner-test-project' }),
  ]);

const projectGone = () =>
  denied("Project 'limner-test-project' not found or deleted.", [
    errorInfo('CONSUMER_INVALID', { consumer: 'projects/limner-test-project' }),
  ]);

const quotaProjectDenied = () =>
  denied(
    'Caller does not have required permission to use project other-project. Grant the caller the roles/serviceusage.serviceUsageConsumer role.',
    [errorInfo('USER_PROJECT_DENIED', { consumer: 'projects/other-project' })],
  );

/** 429 of the quota all customers share: no details, no time. */
const busy = () =>
  exhausted(
    'Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.',
  );

/** 429 of a project's own quota, with the time Google names for some models. */
const rateLimited = () =>
  exhausted(
    'Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_project_per_base_model with base model: nano-banana-2.1.',
    [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34s' }],
  );

/** The same as answers of a test. */
export const vertexAnswers = {
  serviceDisabled: () => say(serviceDisabled()),
  billingDisabled: () => say(billingDisabled()),
  projectGone: () => say(projectGone()),
  quotaProjectDenied: () => say(quotaProjectDenied()),
  busy: () => say(busy()),
  rateLimited: () => say(rateLimited()),
};
