import type { Readable } from 'node:stream';
import { isJSONRPCRequest, type JSONRPCMessage, type RequestId, serializeMessage, type Transport } from '@modelcontextprotocol/server';
import { readCancelled } from '../server.ts';
import { type Line, Lines } from './lines.ts';
import type { Output } from './output.ts';
import { screen } from './screen.ts';

/** Nothing more is read while so many bytes wait to be read by the host. */
const maxUnreadBytes = 8 * 1024 * 1024;

/** MCP over two pipes. */
export interface StdioTransport extends Transport {
  /** Resolves once every request that came has its answer or was cancelled; subscriptions, which have no end, do not count. */
  answered(): Promise<void>;
  /** Resolves with whether all that was sent has left this process: on Windows a pipe that nobody reads takes it first and fails then. */
  flushed(): Promise<boolean>;
}

export interface StdioStreams {
  input: Readable;
  output: Output;
  /** Told of what came in and is not answered. */
  onRemark(remark: string): void;
  /** Told once that no message will come any more: stdin has ended. What came before is still being answered. */
  onEnd(): void;
  /** Told once that nobody reads any more. */
  onBroken(): void;
}

/**
 * The transport of the SDK closes without a word on a line of 10 MB, says nothing about requests it cannot read, and drops what is under way when stdin ends. This one answers
 * (see `screen`), and leaves it to its owner when to close. While the host does not read, it is not read from either.
 */
export function createStdioTransport({ input, output, onRemark, onEnd, onBroken }: StdioStreams): StdioTransport {
  const open = new Map<RequestId, number>();
  let waiting: (() => void)[] = [];
  let [isClosed, hasEnded, isBroken] = [false, false, false];

  /** A client may use an id twice; it then gets two answers. */
  const count = (id: RequestId, by: number) => {
    const left = (open.get(id) ?? 0) + by;
    if (left > 0) open.set(id, left);
    else open.delete(id);
    if (open.size > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  const receive = (line: Line) => {
    for (const screened of screen(line)) {
      if ('remark' in screened) onRemark(screened.remark);
      else if ('answer' in screened) void transport.send(screened.answer).catch(() => undefined);
      else take(screened.message);
    }
  };
  const take = (message: JSONRPCMessage) => {
    if (isJSONRPCRequest(message) && message.method !== 'subscriptions/listen') count(message.id, 1);
    const cancelled = readCancelled(message);
    if (cancelled !== undefined) count(cancelled, -1);
    try {
      transport.onmessage?.(message);
    } catch (error) {
      transport.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const lines = new Lines(receive);
  const onData = (chunk: Buffer) => {
    if (!isClosed) lines.push(chunk);
  };
  const end = () => {
    if (hasEnded) return;
    hasEnded = true;
    if (!isClosed) lines.end();
    onEnd();
  };
  const fail = () => {
    if (isBroken) return;
    isBroken = true;
    onBroken();
  };

  const transport: StdioTransport = {
    async start() {
      input.on('data', onData);
      for (const event of ['end', 'close', 'error'] as const) input.on(event, end);
      // Stays for good: a write that was taken can fail long after.
      output.on('error', fail);
      output.on('drain', () => void input.resume());
    },
    async send(message) {
      if (isClosed || isBroken) throw new Error('nobody reads stdout any more');
      output.write(serializeMessage(message));
      if (output.writableLength > maxUnreadBytes) input.pause();
      if ('id' in message && message.id !== undefined && !('method' in message)) count(message.id, -1);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      input.off('data', onData);
      input.pause();
      transport.onclose?.();
    },
    answered: () => (open.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    flushed: () => (isBroken ? Promise.resolve(false) : new Promise((resolve) => output.write('', (error) => resolve(!error)))),
  };
  return transport;
}
