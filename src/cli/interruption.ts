import { endOnSignals } from '../signals.ts';
import type { Interruption } from './context.ts';

/** Has Ctrl-C, and a request to end, stop the command as they stop the server: what is under way has a moment, then come `lastWords`, then the end. */
export function catchInterrupt(lastWords: () => Promise<unknown>, exit: (code: number) => void): Interruption {
  const stopped = new AbortController();
  let code = 0;
  const stop = (signal: number) => {
    code = toExitCode(signal);
    stopped.abort();
  };
  endOnSignals({ stop, giveUp: lastWords, exit: (signal) => exit(toExitCode(signal)) });
  return { signal: stopped.signal, code: () => code };
}

/** As shells tell of a program that a signal ended. */
function toExitCode(signal: number): number {
  return 128 + signal;
}
