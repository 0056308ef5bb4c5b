import type { Inputs, JobName, Outputs } from './jobs.ts';
import { type DecoderProcess, startDecoder } from './process.ts';

/** An idle process is ended after this time, in milliseconds: it holds memory, and starting one takes a sixth of a second. */
const idleMs = 3000;

let decoder: DecoderProcess | undefined;
let leaving: NodeJS.Timeout | undefined;
let waiting = 0;
let queue: Promise<unknown> = Promise.resolve();

/**
 * Does one job with pictures in the process for it: whatever is in them, this process lives and answers meanwhile. One job after another, for memory's sake.
 * Rejects with what the job throws, and with a `DecoderError` when its process crashed, took too long or too much memory; the next job then gets a new one.
 */
export function runJob<Name extends JobName>(name: Name, ...input: Inputs[Name]): Promise<Outputs[Name]> {
  const release = keepDecoder();
  const turn = queue.then(() => openDecoder().ask(name, input)).finally(release);
  queue = turn.catch(() => undefined);
  return turn;
}

/** Starts the process ahead of its first job and keeps it until what is returned is called: while a request is out, its start costs no time. */
export function keepDecoder(): () => void {
  waiting += 1;
  clearTimeout(leaving);
  openDecoder();
  return () => {
    waiting -= 1;
    if (waiting === 0) leaving = setTimeout(() => decoder?.end(), idleMs).unref();
  };
}

function openDecoder(): DecoderProcess {
  if (decoder === undefined || decoder.isGone()) decoder = startDecoder();
  return decoder;
}
