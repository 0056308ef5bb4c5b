import { setTimeout } from 'node:timers/promises';
import { ToolError } from '../errors.ts';
import type { ImageResponse, ModelCall, SentRequest } from './image-model.ts';
import type { RequestFailure } from './request-failure.ts';

/** What one request brought. */
export type Attempt = { response: ImageResponse } | { failure: RequestFailure };

/** Back-off between tries, full jitter, in milliseconds. Google's own advice, `RetryInfo`, is kept to the letter where it gives one. */
const backOff = { base: 1000, cap: 8000, jitter: 0.2 } as const;

/**
 * At most three requests for one picture, fewer where the failure says so. No retry before `RetryInfo` ends, none that cannot end before the deadline,
 * none after the caller has gone, none the budget does not allow. Each is entered before it is sent.
 */
export async function withRetries(call: ModelCall, attempt: (nudge: boolean) => Promise<Attempt>): Promise<ImageResponse> {
  let nudge = false;
  let maybeBilled = false;
  let before: RequestFailure | undefined;
  for (let sent = 1; ; sent += 1) {
    if (call.cancelled.aborted) throw new ToolError('cancelled', 'The call was cancelled before this picture was asked for.');
    const request = await call.beforeSending().catch((refusal) => refuse(refusal, before, maybeBilled));
    const result = await settle(attempt(nudge), request);
    if ('response' in result) return maybeBilled ? withNote(result.response) : result.response;
    const { failure } = result;
    const waitMs =
      failure.waitMs === undefined
        ? Math.random() * Math.min(backOff.cap, backOff.base * 2 ** (sent - 1))
        : failure.waitMs * (1 + Math.random() * backOff.jitter);
    const last = maybeBilled ? withNoteOnError(failure.error) : failure.error;
    if (sent >= failure.maxRequests || isOver(call) || waitMs >= call.remainingMs()) throw last;
    nudge ||= failure.nudge ?? false;
    maybeBilled ||= failure.maybeBilled ?? false;
    before = failure;
    call.onWait(failure.waitingFor);
    await pause(waitMs, [call.cancelled, call.deadline, ...(call.gone ? [call.gone] : [])]);
    if (call.gone?.aborted && !call.cancelled.aborted) throw last;
  }
}

function isOver({ cancelled, gone }: ModelCall): boolean {
  return cancelled.aborted || gone?.aborted === true;
}

/** Enters what became of a request. What is thrown out of an attempt ended it in the middle: nobody knows whether it was billed. */
async function settle(attempt: Promise<Attempt>, request: SentRequest): Promise<Attempt> {
  const result = await attempt.catch(async (error) => {
    await request.failed(true);
    throw error;
  });
  if ('failure' in result) await request.failed(result.failure.maybeBilled ?? false, result.failure.usage);
  return result;
}

/** A request that may not be sent: the first is the whole story, a later one only ends what went wrong before. */
function refuse(refusal: unknown, before: RequestFailure | undefined, maybeBilled: boolean): never {
  if (before === undefined || !(refusal instanceof ToolError)) throw refusal;
  const { code, message, retryAfterSeconds } = maybeBilled ? withNoteOnError(before.error) : before.error;
  throw new ToolError(
    code,
    `${message} It was not tried again: ${refusal.message}`,
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  );
}

const earlierAttempt = 'An earlier attempt broke off without a picture and may have been billed as well.';

function withNote(response: ImageResponse): ImageResponse {
  return { ...response, warnings: [...response.warnings, earlierAttempt] };
}

function withNoteOnError({ code, message, retryAfterSeconds }: ToolError): ToolError {
  return new ToolError(code, `${message} ${earlierAttempt}`, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
}

/** Resolves after the time, or as soon as one of the signals fires. */
async function pause(milliseconds: number, signals: AbortSignal[]): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined);
}
