import { jsonReply, type Reply } from './reply.ts';

/** A refusal in Google's terms: HTTP status, status name, message and typed details. */
export interface Problem {
  status: number;
  name: string;
  message: string;
  details?: readonly unknown[] | undefined;
}

const service = 'generativelanguage.googleapis.com';

export function toReply(problem: Problem): Reply {
  const { status, name, message, details } = problem;
  return jsonReply(status, { error: { code: status, message, status: name, ...(details && { details }) } });
}

/** 400 INVALID_ARGUMENT, Google's answer to anything that is wrong with the request itself. */
export function invalid(message: string, details?: readonly unknown[]): Problem {
  return { status: 400, name: 'INVALID_ARGUMENT', message, details };
}

export function notFound(message: string): Problem {
  return { status: 404, name: 'NOT_FOUND', message };
}

export function denied(message: string, details?: readonly unknown[]): Problem {
  return { status: 403, name: 'PERMISSION_DENIED', message, details };
}

export function exhausted(message: string, details?: readonly unknown[]): Problem {
  return { status: 429, name: 'RESOURCE_EXHAUSTED', message, details };
}

export function errorInfo(reason: string, metadata: Record<string, string> = {}): unknown {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com', metadata: { service, ...metadata } };
}

export function localizedMessage(message: string): unknown {
  return { '@type': 'type.googleapis.com/google.rpc.LocalizedMessage', locale: 'en-US', message };
}

export function help(description: string, url: string): unknown {
  return { '@type': 'type.googleapis.com/google.rpc.Help', links: [{ description, url }] };
}

export function keyInvalid(): Problem {
  const message = 'API key not valid. Please pass a valid API key.';
  return invalid(message, [errorInfo('API_KEY_INVALID'), localizedMessage(message)]);
}

export function keyMissing(): Problem {
  const message =
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.";
  return denied(message);
}

export function modelUnknown(id: string): Problem {
  const advice = 'Call ListModels to see the list of available models and their supported methods.';
  return notFound(`models/${id} is not found for API version v1beta, or is not supported for generateContent. ${advice}`);
}

export function modelRetired(id: string, successor: string): Problem {
  const advice = `Please update your code to use models/${successor} for the latest features and improvements.`;
  return notFound(`This model models/${id} is no longer available. ${advice}`);
}

export function bodyTooLarge(limit: number): Problem {
  return invalid(`Request payload size exceeds the limit: ${limit} bytes.`);
}
