import { endOnSignals } from '../signals.ts';
import type { Interruption, Patience } from './context.ts';

/** Has Ctrl-C, and a request to end, stop the command as they stop the server: what is under way has a moment, then come `lastWords`, then the end. */
export function catchInterrupt(
  lastWords: () => Promise<unknown>,
  exit: (code: number) => void,
  { isExpected = false, ...grace }: Patience = {},
): Interruption {
  const stopped = new AbortController();
  const toCode = (signal: number) => (isExpected ? 0 : toExitCode(signal));
  let code = 0;
  const stop = (signal: number) => {
    code = toCode(signal);
    stopped.abort();
  };
  endOnSignals({ ...grace, stop, giveUp: lastWords, exit: (signal) => exit(toCode(signal)) });
  return { signal: stopped.signal, code: () => code };
}

/** As shells tell of a program that a signal ended. */
function toExitCode(signal: number): number {
  return 128 + signal;
}
