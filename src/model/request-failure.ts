import { type ErrorCode, ToolError } from '../errors.ts';
import type { Usage } from './image-model.ts';

/** Why a request brought no picture, and what may be done about it. */
export interface RequestFailure {
  error: ToolError;
  /** How many requests for one picture may be sent in all when this happens; 1 means no retry. */
  maxRequests: 1 | 2 | 3;
  /** Wait at least this long before the next; absent: a short back-off. */
  waitMs?: number;
  /** True when the request may have been billed although nothing came. */
  maybeBilled?: boolean;
  /** What an answer without a picture used; absent when nothing is billed. */
  usage?: Usage;
  /** True when saying plainly that a picture is wanted may help. */
  nudge?: boolean;
  /** A few words for the progress message while waiting. */
  waitingFor: string;
}

/** A failure that is not to be tried again, unless `more` says otherwise. */
export function fail(
  code: ErrorCode,
  message: string,
  more: Partial<RequestFailure> & { retryAfterSeconds?: number } = {},
): RequestFailure {
  const { retryAfterSeconds, ...rest } = more;
  const error = new ToolError(code, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
  return { maxRequests: 1, waitingFor: 'the next try', ...rest, error };
}
