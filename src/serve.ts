import { setImmediate, setTimeout } from 'node:timers/promises';
import { type StdioServerHandle, serveStdio } from '@modelcontextprotocol/server/stdio';
import { createAsked } from './asked.ts';
import type { Config } from './config.ts';
import { toSentence } from './fault.ts';
import { createGiveBack } from './give-back.ts';
import { toOutgoingMessage } from './outgoing.ts';
import { createServer, wrapArguments } from './server.ts';
import { endOnSignals } from './signals.ts';
import { noteAnswers } from './stdio/answered.ts';
import type { Output } from './stdio/output.ts';
import { createStdioTransport, type StdioTransport } from './stdio/transport.ts';
import { surviveBugs } from './survive.ts';
import type { Deps, Opened } from './tool.ts';

/** Serves MCP on stdin and `output` until the client has gone. `write` is the way to the log, which takes out of it what nobody may read. */
export function serve(config: Config, open: () => Promise<Opened>, output: Output, write: (text: string) => void): void {
  const log = createLog(write);
  for (const notice of [...config.problems, ...config.warnings].map(toSentence)) log.line(notice);
  const [calls, gone] = [new Calls(), new AbortController()];
  const deps: Deps = {
    config,
    open,
    notices: config.warnings.map(toSentence),
    asked: createAsked(),
    gone: gone.signal,
    track: (call) => calls.track(call),
    logError: log.error,
  };
  const onRemark = (remark: string) => log.line(remark);
  const onEnd = () => void ending.afterAnswers();
  const onBroken = () => void ending.now();
  const transport = createStdioTransport({ input: process.stdin, output, onRemark, onEnd, onBroken });
  const send = transport.send.bind(transport);
  transport.send = (message) => send(toOutgoingMessage(message, config.redactor));
  const handle = serveStdio(() => createServer(deps), { onerror: ({ message }) => log.line(message.slice(0, 200)), transport });
  const receive = transport.onmessage;
  transport.onmessage = (message) => receive?.(wrapArguments(message));
  const track = (noting: Promise<void>) => calls.track(noting.catch(log.error));
  noteAnswers(transport, { open, gone: gone.signal, track });
  const ending = new Ending({ handle, transport, calls, gone, log });
  // A host that no longer reads the log is no reason to die.
  process.stderr.on('error', () => undefined);
  const stop = () => void ending.now();
  const giveUp = () => open().then(({ ledger }) => ledger.giveUp());
  endOnSignals({ stop, giveUp, exit: () => process.exit() });
  surviveBugs(log.error, () => void ending.now(1));
}

/** The log of a stdio server is stderr. */
interface Log {
  /** What others did is worth a line. */
  line(text: string): void;
  /** Bugs of ours come with their stack. */
  error(error: unknown): void;
}

function createLog(write: (text: string) => void): Log {
  return {
    line: (text) => write(text.replace(/\s+/g, ' ')),
    error: (error) => write((error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 4000)),
  };
}

/** What the process ends after, and not in the middle of. */
class Calls {
  readonly #open = new Set<Promise<unknown>>();
  readonly #giveBack = createGiveBack(() => this.size === 0);

  track(call: Promise<unknown>): void {
    this.#open.add(call);
    void call
      .catch(() => undefined)
      .finally(() => {
        this.#open.delete(call);
        this.#giveBack.workEnded();
      });
  }

  get size(): number {
    return this.#open.size;
  }

  async settled(): Promise<void> {
    do {
      await Promise.allSettled(this.#open);
      // A call that has ended hands its answer over first.
      await setImmediate();
    } while (this.size > 0);
  }
}

/** A request the server has not answered this long after its last call ended never will be, in milliseconds. */
const unansweredMs = 1000;

/** How long a host that has ended stdin may take to read the last answers, in milliseconds. */
const readingMs = 5000;

interface Parts {
  handle: StdioServerHandle;
  transport: StdioTransport;
  calls: Calls;
  /** Aborted when the client can send nothing more. */
  gone: AbortController;
  log: Log;
}

/** How the process ends when its client has gone: after the requests that were sent, which are paid for. */
class Ending {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** stdin has ended: what was asked before is answered first, since whoever pipes a call in still reads. Nothing is tried again meanwhile. */
  async afterAnswers(): Promise<void> {
    const { transport, calls, gone } = this.#parts;
    gone.abort();
    const unanswered = async () => {
      do {
        await calls.settled();
        await setTimeout(unansweredMs);
      } while (calls.size > 0);
    };
    await Promise.race([transport.answered(), unanswered()]);
    await Promise.race([transport.flushed(), setTimeout(readingMs)]);
    await this.now();
  }

  /** Nobody reads, or somebody wants the process gone: nothing is answered any more. */
  async now(code = 0): Promise<void> {
    const { handle, calls, gone, log } = this.#parts;
    gone.abort();
    await handle.close().catch(log.error);
    await calls.settled();
    process.exit(code);
  }
}
