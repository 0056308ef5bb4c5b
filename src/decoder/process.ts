import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ToolError } from '../errors.ts';
import { openChannel } from './channel.ts';
import { DecoderError, type Fate } from './decoder-error.ts';
import type { Answer, Inputs, Job, JobName, Outputs } from './jobs.ts';
import { limits } from './limits.ts';

/** A process that works on pictures, one job at a time. */
export interface DecoderProcess {
  /** Rejects with what the job throws, or with a `DecoderError` when the process ends over it. */
  ask<Name extends JobName>(name: Name, input: Inputs[Name]): Promise<Outputs[Name]>;
  /** It takes no more jobs. */
  isGone(): boolean;
  /** Ends it at once. */
  end(): void;
}

/**
 * The whole environment: how glibc deals with memory. One arena, and what is large goes back to the system when it is freed; by itself glibc keeps it for the next picture, and a
 * second picture of 4K would take 20 MB more than the first. Other systems pass over it.
 */
const sparing = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };

/** V8's own heap, in megabytes. Pixels lie outside it; no job needs a tenth of this. */
const heap = 256;

/** A process that holds more after a job, in megabytes, is ended: the next job shall have as much room as this one had. */
const mostLeft = 220;

/**
 * Starts one. It has nothing of the server's environment, so no key; no shell is between; what it prints goes nowhere; its folder is limner's own, so that none of the person's is
 * held. It keeps this process alive only while it has a job, and ends when this process does.
 */
export function startDecoder(): DecoderProcess {
  const flags = [`--max-old-space-size=${heap}`, '--max-semi-space-size=1', '--single-threaded-gc', '--expose-gc', '--no-warnings'];
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [...flags, fileURLToPath(new URL('./child.js', import.meta.url))], {
      cwd: import.meta.dirname,
      env: sparing,
      // A pipe of both directions; on Windows one of the plain kind could not be written to while it is read.
      stdio: ['ignore', 'ignore', 'ignore', 'overlapped'],
      windowsHide: true,
    });
  } catch (error) {
    // Most of what the system says comes as an event; that there is no memory for a process, or no program where Node was, is thrown.
    return createUnstarted(Promise.resolve({ kind: 'unstarted', reason: error instanceof Error ? error.message : String(error) }));
  }
  let isGone = false;
  const ended = new Promise<Fate>((resolve) => {
    child.once('exit', (code, signal) => resolve({ kind: 'crashed', signal: signal ?? `exit code ${code}` }));
    child.once('error', ({ message }) => resolve({ kind: 'unstarted', reason: message }));
  });
  // A process that could not be started, for want of file descriptors say, has no streams.
  const pipe = child.stdio?.[3];
  if (!(pipe instanceof Socket)) return createUnstarted(ended);
  const channel = openChannel(pipe);
  void ended.then(() => {
    isGone = true;
  });
  // A broken pipe is heard of by whoever waits for an answer.
  pipe.on('error', () => undefined);
  const hold = (isHeld: boolean) => {
    for (const handle of [child, pipe]) isHeld ? handle.ref() : handle.unref();
  };
  const end = () => {
    isGone = true;
    child.kill('SIGKILL');
  };
  hold(false);
  return {
    isGone: () => isGone,
    end,
    async ask(name, input) {
      const limit = limits[name];
      let isSlow = false;
      const tooLong = setTimeout(() => {
        isSlow = true;
        end();
      }, limit.seconds * 1000);
      hold(true);
      try {
        channel.send({ name, input, limit } satisfies Job<typeof name>);
        const answer = await channel.receive<Answer<Outputs[typeof name]>>().catch(() => undefined);
        if (answer === undefined) throw new DecoderError(isSlow ? { kind: 'slow', limit } : await ended);
        if ('exceeded' in answer || 'missing' in answer) {
          end();
          throw new DecoderError('missing' in answer ? { kind: 'missing', reason: answer.missing } : { kind: answer.exceeded, limit });
        }
        if (answer.resident > mostLeft) end();
        if ('output' in answer) return answer.output;
        // What could not be decoded may have left harm behind.
        end();
        const { code, message } = answer.error;
        throw code === undefined ? new Error(`${name}: ${message}`) : new ToolError(code, message);
      } finally {
        clearTimeout(tooLong);
        hold(false);
      }
    },
  };
}

/** Stands where a process would: each job hears why there is none, and the next one tries anew. */
function createUnstarted(ended: Promise<Fate>): DecoderProcess {
  return {
    isGone: () => true,
    end: () => undefined,
    ask: async () => {
      throw new DecoderError(await ended);
    },
  };
}
