import type { ServerContext } from '@modelcontextprotocol/server';

/** Some hosts give up on a call that has been silent for a minute. */
const heartbeatMs = 5000;

/** What a call tells of itself while it goes on. */
export interface Progress {
  report(message: string, done: number, total: number): void;
  stop(): void;
}

/** How much of the total is done by a guess, from what is known to be and the seconds it has taken: a picture takes about 20. */
export function guessDone(done: number, total: number, seconds: number): number {
  return done + (total - done) * 0.9 * (1 - Math.exp(-seconds / 20));
}

/** Tells a client that asked for it what is happening, at least every few seconds; the value only ever grows and stays below the total. */
export function startProgress(context: ServerContext, logError: (error: unknown) => void): Progress {
  const progressToken = context.mcpReq._meta?.progressToken;
  const started = performance.now();
  let state = { message: 'Starting', done: 0, total: 1 };
  let last = 0;
  const send = () => {
    if (progressToken === undefined || context.mcpReq.signal.aborted) return;
    const seconds = (performance.now() - started) / 1000;
    last = Math.max(last + 0.0001, 0.99 * guessDone(state.done, state.total, seconds));
    const message = seconds < 1 ? state.message : `${state.message} (${Math.round(seconds)} s)`;
    const params = { progressToken, progress: last, total: state.total, message };
    // That the client has gone is told by its pipe, to whom it concerns.
    context.mcpReq.notify({ method: 'notifications/progress', params }).catch((error: unknown) => {
      if (!isGone(error)) logError(error);
    });
  };
  const timer = progressToken === undefined ? undefined : setInterval(send, heartbeatMs);
  return {
    report(message: string, done: number, total: number) {
      state = { message, done, total };
      send();
    },
    stop: () => clearInterval(timer),
  };
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
}
