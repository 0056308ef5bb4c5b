import { ToolError } from '../errors.ts';
import { type Exchange, isUnsent, toFailure } from './failures.ts';
import { parseGoogleError } from './google-errors.ts';
import { fail, type RequestFailure } from './request-failure.ts';

/** What a request beside the pictures brought that was no answer: files and batches are asked for with such. */
export interface ServiceFailure extends RequestFailure {
  /** The HTTP status; undefined where no answer came. */
  status: number | undefined;
  /** Nobody knows whether Google did what it was asked: the connection or the answer broke, or its own servers stumbled. */
  isUnclear: boolean;
}

/** Such a failure, thrown. `cause` of nothing: upstream text stays here. */
export class ServiceError extends ToolError {
  readonly failure: ServiceFailure;

  constructor(failure: ServiceFailure) {
    const { code, message, retryAfterSeconds } = failure.error;
    super(code, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
    this.failure = failure;
  }
}

/** What a picture's request is told of, without what it says of pictures and their price. `thing` is what was asked for, such as "this file". */
export function toServiceFailure(exchange: Exchange, thing: string): ServiceFailure {
  const { status } = exchange;
  const isUnclear = status === undefined ? !isUnsent(exchange.thrown) : status < 300 || status >= 500;
  return { ...toWords(exchange, thing), status, isUnclear };
}

function toWords(exchange: Exchange, thing: string): RequestFailure {
  const { status, body, thrown } = exchange;
  const again = { maxRequests: 3 } as const;
  if (status === undefined && !isUnsent(thrown))
    return fail('unreachable', 'The connection to Google broke before all of its answer came. Try again.', again);
  if (status !== undefined && status < 300)
    return fail('bad_answer', `Google's answer about ${thing} was cut off or garbled. Try again.`, again);
  if (status !== undefined && status >= 500)
    return fail('overloaded', `Google's API is overloaded or down (${status}). Try again in a minute.`, {
      ...again,
      retryAfterSeconds: 60,
    });
  const google = parseGoogleError(body);
  if (isMissing(status, google)) return fail('not_found', `Google knows nothing of ${thing} (any more).`);
  if (status === 404)
    return fail(
      'upstream_fault',
      'The API has no files or batches at this address (404). Check GOOGLE_GEMINI_BASE_URL, its path included.',
    );
  return toFailure(exchange);
}

/** Of a file that is gone Google says that it may be another's. */
function isMissing(status: number | undefined, { status: name, message }: ReturnType<typeof parseGoogleError>): boolean {
  return (status === 404 && name !== '') || (status === 403 && /or it may not exist/i.test(message));
}

/** An answer that is none, though HTTP says it is. */
export function toGarbled(thing: string): ServiceError {
  return new ServiceError(toServiceFailure({ model: '', status: 200, thrown: undefined }, thing));
}
