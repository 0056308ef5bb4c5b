import { setTimeout } from 'node:timers/promises';

/** What is still under way when a signal comes has this long to arrive and be saved, in milliseconds. Hosts kill two seconds after asking. */
const usualGraceMs = 1300;

/** What a signal that asks the process to end sets off. The number is the signal's own, as in `man 7 signal`. */
export interface Leaving {
  /** At once: nothing more is begun. */
  stop(signal: number): void;
  /** A moment later: what has not arrived by now is given up. */
  giveUp(signal: number): Promise<unknown>;
  /** Ends the process. */
  exit(signal: number): void;
  /** How long what is under way may take, in milliseconds, where nobody kills sooner. */
  graceMs?: number;
}

const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** Ends the process after a moment, with what has not arrived by then entered as perhaps billed. A second signal of the same kind ends it at once. */
export function endOnSignals({ stop, giveUp, exit, graceMs = usualGraceMs }: Leaving): void {
  const leave = (signal: number) => {
    stop(signal);
    void setTimeout(graceMs, undefined, { ref: false })
      .then(() => giveUp(signal))
      .finally(() => exit(signal));
  };
  process.once('SIGINT', () => leave(signals.SIGINT));
  process.once('SIGTERM', () => leave(signals.SIGTERM));
  process.once('SIGHUP', () => leave(signals.SIGHUP));
}
