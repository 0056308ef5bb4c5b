import { ToolError } from '../errors.ts';
import type { Inputs, JobName, Outputs } from './jobs.ts';
import { type DecoderProcess, startDecoder } from './process.ts';

/** An idle process is ended after this time, in milliseconds: it holds memory, and starting one takes a sixth of a second. */
const idleMs = 3000;

/** A request has gone out by then, in milliseconds, and no model has painted anything yet. */
const headStartMs = 300;

let decoder: DecoderProcess | undefined;
let leaving: NodeJS.Timeout | undefined;
let holders = 0;

/** A job that waits for its turn. */
interface Waiting {
  isPatient: boolean;
  start(): Promise<void>;
}

const waiting: Waiting[] = [];
let isBusy = false;

/**
 * Does one job with pictures in the process for it: whatever is in them, this process lives and answers meanwhile. One job after another, for memory's sake.
 * Rejects with what the job throws, and with a `DecoderError` when its process crashed, took too long or too much memory; the next job then gets a new one.
 */
export function runJob<Name extends JobName>(name: Name, ...input: Inputs[Name]): Promise<Outputs[Name]> {
  return enqueue(false, () => openDecoder().ask(name, input));
}

/**
 * The same for work that costs nothing and may take long: it lets every `runJob` go first, and ends, also in the middle, when nobody waits for it any more. Then
 * rejects with `cancelled`.
 */
export function runPatientJob<Name extends JobName>(
  cancelled: AbortSignal | undefined,
  name: Name,
  ...input: Inputs[Name]
): Promise<Outputs[Name]> {
  return enqueue(true, async () => {
    requireWanted(cancelled);
    const process = openDecoder();
    cancelled?.addEventListener('abort', process.end);
    try {
      return await process.ask(name, input);
    } catch (error) {
      requireWanted(cancelled);
      throw error;
    } finally {
      cancelled?.removeEventListener('abort', process.end);
    }
  });
}

/** Throws `cancelled` when nobody waits any more. */
export function requireWanted(cancelled: AbortSignal | undefined): void {
  if (cancelled?.aborted) throw new ToolError('cancelled', 'The call was cancelled, so the work was stopped. No file was written.');
}

function enqueue<T>(isPatient: boolean, job: () => Promise<T>): Promise<T> {
  const release = hold();
  return new Promise<T>((resolve, reject) => {
    waiting.push({ isPatient, start: () => job().then(resolve, reject).finally(release) });
    void workOff();
  });
}

async function workOff(): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  for (let next = takeNext(); next; next = takeNext()) await next.start();
  isBusy = false;
}

function takeNext(): Waiting | undefined {
  const first = waiting.findIndex(({ isPatient }) => !isPatient);
  return waiting.splice(Math.max(first, 0), 1)[0];
}

/**
 * Starts the process ahead of its first job and keeps it until what is returned is called: while a request is out, its start costs no time. It does not hold
 * up the request itself.
 */
export function keepDecoder(): () => void {
  const release = hold();
  const starting = setTimeout(openDecoder, headStartMs).unref();
  return () => {
    clearTimeout(starting);
    release();
  };
}

function hold(): () => void {
  holders += 1;
  clearTimeout(leaving);
  return () => {
    holders -= 1;
    if (holders === 0) leaving = setTimeout(() => decoder?.end(), idleMs).unref();
  };
}

function openDecoder(): DecoderProcess {
  if (decoder === undefined || decoder.isGone()) decoder = startDecoder();
  return decoder;
}
