import { Worker } from 'node:worker_threads';
import type { PixelJobName, PixelJobs } from './pixel-jobs.ts';
import { takeTurn } from './sharp.ts';

/** What the thread answers with. */
type PixelAnswer<Name extends PixelJobName> = { output: PixelJobs[Name]['output'] } | { error: string };

/** An idle thread is ended after this time, in milliseconds: it holds memory, and starting one takes less than a tenth of a second. */
const idleMs = 3000;

/** No job takes longer, on the slowest machine; one that does would hold up all that come after it. In milliseconds. */
const longestMs = 120_000;

let worker: Worker | undefined;
let leaving: NodeJS.Timeout | undefined;

/**
 * Does one of the jobs that go through every pixel, in a thread of its own, so that the server answers meanwhile: at 4096² such a loop takes up to half a second. In turn
 * with the other work on pixels, for memory's sake. Rejects when the bytes cannot be decoded.
 */
export function runPixelJob<Name extends PixelJobName>(name: Name, input: PixelJobs[Name]['input']): Promise<PixelJobs[Name]['output']> {
  return takeTurn(async () => {
    clearTimeout(leaving);
    const thread = worker ?? startThread();
    worker = thread;
    thread.ref();
    try {
      const answer = await ask(thread, name, input);
      if ('output' in answer) return answer.output;
      throw new Error(`${name}: ${answer.error}`);
    } finally {
      thread.unref();
      leaving = setTimeout(() => void endThread(), idleMs).unref();
    }
  });
}

/** What a dependency prints in it goes nowhere: stdout is the protocol's. */
function startThread(): Worker {
  const thread = new Worker(new URL('./pixel-worker.js', import.meta.url), {
    stdout: true,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  thread.stdout.resume();
  // Whoever waits for an answer hears of an error too; one that comes when nobody does must not end the server.
  thread.on('error', () => undefined);
  thread.once('exit', () => {
    if (worker === thread) worker = undefined;
  });
  return thread;
}

async function endThread(): Promise<void> {
  const thread = worker;
  worker = undefined;
  await thread?.terminate();
}

function ask<Name extends PixelJobName>(thread: Worker, name: Name, input: PixelJobs[Name]['input']): Promise<PixelAnswer<Name>> {
  return new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => void endThread(), longestMs);
    const settle = (act: () => void) => {
      clearTimeout(tooLong);
      for (const [event, listener] of listeners) thread.off(event, listener);
      act();
    };
    const listeners = [
      ['message', (answer: PixelAnswer<Name>) => settle(() => resolve(answer))],
      ['error', (error: Error) => settle(() => reject(error))],
      ['exit', () => settle(() => reject(new Error('the thread for pixels ended')))],
    ] as const;
    for (const [event, listener] of listeners) thread.on(event, listener);
    thread.postMessage({ name, input });
  });
}
