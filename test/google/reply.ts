import type { ServerResponse } from 'node:http';
import { finished, Readable } from 'node:stream';

/** How a body travels. Everything but `whole` is a fault of the wire. */
export type Delivery = 'whole' | 'reset' | 'silence' | 'half-then-reset' | 'half-then-silence' | { msPerByte: number };

/** One HTTP answer, as data. A generator is a body that is sent in pieces without a content-length, or too large to hold. */
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body: string | Buffer | (() => Iterable<string | Uint8Array>);
  /** `whole` when absent. */
  delivery?: Delivery;
}

/** The headers Google sends with every answer. */
const googleHeaders = {
  'content-type': 'application/json; charset=UTF-8',
  server: 'scaffolding on HTTPServer2',
  vary: 'Origin, X-Origin, Referer',
};

/** `value` as JSON under Google's headers. */
export function jsonReply(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return { status, headers, body: JSON.stringify(value, null, 2) };
}

/** Whether the double itself breaks the connection off, so that an unfinished answer is not the client's doing. */
export function breaksOff(reply: Reply): boolean {
  return reply.delivery === 'reset' || reply.delivery === 'half-then-reset';
}

/** Sends `reply`. A connection that goes away meanwhile ends the sending without an error. */
export function send(reply: Reply, response: ServerResponse): void {
  if (response.destroyed || response.headersSent || reply.delivery === 'silence') return;
  if (reply.delivery === 'reset') {
    response.socket?.destroy();
    return;
  }
  const headers = { ...googleHeaders, ...reply.headers };
  if (typeof reply.body === 'function') {
    response.writeHead(reply.status, headers);
    Readable.from(reply.body()).pipe(response);
    return;
  }
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
  response.writeHead(reply.status, { ...headers, 'content-length': body.length });
  sendBody(body, reply.delivery ?? 'whole', response);
}

function sendBody(body: Buffer, delivery: Delivery, response: ServerResponse): void {
  if (delivery === 'whole') {
    response.end(body);
  } else if (typeof delivery === 'object') {
    drip(body, delivery.msPerByte, response);
  } else {
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
      if (delivery === 'half-then-reset') response.socket?.destroy();
    });
  }
}

function drip(body: Buffer, msPerByte: number, response: ServerResponse): void {
  let sent = 0;
  response.flushHeaders();
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + 1));
    sent += 1;
    if (sent >= body.length) response.end();
  }, msPerByte);
  finished(response, () => clearInterval(timer));
}
