import { setTimeout } from 'node:timers/promises';
import { ToolError } from '../errors.ts';
import type { ImageResponse, ModelCall } from './image-model.ts';
import type { RequestFailure } from './request-failure.ts';

/** What one request brought. */
export type Attempt = { response: ImageResponse } | { failure: RequestFailure };

/** Back-off between tries, full jitter, in milliseconds. Google's own advice, `RetryInfo`, is kept to the letter where it gives one. */
const backOff = { base: 1000, cap: 8000, jitter: 0.2 } as const;

/**
 * At most three requests for one picture, fewer where the failure says so. No retry before `RetryInfo` ends, none that cannot end before the deadline,
 * none after the caller has gone.
 */
export async function withRetries(call: ModelCall, attempt: (nudge: boolean) => Promise<Attempt>): Promise<ImageResponse> {
  let nudge = false;
  let maybeBilled = false;
  for (let sent = 1; ; sent += 1) {
    if (call.cancelled.aborted) throw new ToolError('cancelled', 'The call was cancelled before this picture was asked for.');
    const result = await attempt(nudge);
    if ('response' in result) return maybeBilled ? withNote(result.response) : result.response;
    const { failure } = result;
    const waitMs =
      failure.waitMs === undefined
        ? Math.random() * Math.min(backOff.cap, backOff.base * 2 ** (sent - 1))
        : failure.waitMs * (1 + Math.random() * backOff.jitter);
    if (sent >= failure.maxRequests || call.cancelled.aborted || waitMs >= call.remainingMs()) {
      throw maybeBilled ? withNoteOnError(failure.error) : failure.error;
    }
    nudge ||= failure.nudge ?? false;
    maybeBilled ||= failure.maybeBilled ?? false;
    call.onWait(failure.waitingFor);
    await pause(waitMs, [call.cancelled, call.deadline]);
  }
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
