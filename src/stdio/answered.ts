import type { RequestId } from '@modelcontextprotocol/server';
import { readAnswered, readCancelled, readClientName } from '../server.ts';
import type { Deps } from '../tool.ts';
import type { StdioTransport } from './transport.ts';

/** A cancellation this soon after the answer was sent before the host had it, in milliseconds; a later one is about a turn that has gone on. */
const crossingMs = 3000;

/**
 * Hosts that cancel every call once they have its answer, which is no loss then: they abort the signal of a call when they go on, and the SDK's client 1
 * listens to it still. Seen of OpenCode 1.18, a tenth of a second to one second after each answer.
 */
const cancelsAnswered = /^opencode/i;

interface Noting {
  open: Deps['open'];
  /** Fires when stdin has ended. Hosts end it when they go, and throw away what still comes: such an answer is written, and the call stays unclaimed. */
  gone: AbortSignal;
  /** Told of each note, so that the process ends after it. */
  track(noting: Promise<void>): void;
}

/**
 * An answer is one when the host has it, not when it was made: a call whose answer cannot be written, or crosses with its cancellation, which makes hosts
 * throw it away, stays unclaimed.
 */
export function noteAnswers(transport: StdioTransport, { open, gone, track }: Noting): void {
  const [write, receive] = [transport.send.bind(transport), transport.onmessage];
  const [answered, cancelled] = [new Map<RequestId, { call: string; at: number }>(), new Set<RequestId>()];
  transport.send = async (message) => {
    await write(message);
    const answer = readAnswered(message);
    if (answer === undefined || !(await transport.flushed()) || gone.aborted) return;
    answered.set(answer.request, { call: answer.call, at: performance.now() });
    track(
      open().then(({ ledger }) => (cancelled.has(answer.request) ? ledger.abandon(answer.call) : ledger.answer(answer.call, answer.told))),
    );
  };
  let believed = true;
  transport.onmessage = (message) => {
    const client = readClientName(message);
    if (client !== undefined) believed = !cancelsAnswered.test(client);
    // An id that is used again is another request.
    if ('method' in message && 'id' in message) for (const ids of [answered, cancelled]) ids.delete(message.id);
    const request = believed ? readCancelled(message) : undefined;
    const crossed = request === undefined ? undefined : answered.get(request);
    if (request !== undefined) cancelled.add(request);
    if (crossed !== undefined && performance.now() - crossed.at < crossingMs)
      track(open().then(({ ledger }) => ledger.abandon(crossed.call)));
    receive?.(message);
  };
}
