import type { ServerResponse } from 'node:http';

/** What a request is answered with instead of what it asked for. */
export interface Refusal {
  status: number;
  /** A sentence for whoever reads it. */
  why: string;
  headers?: Record<string, string>;
}

/** The error JSON-RPC has for what a server may define itself. */
const serverError = -32_000;

/** As a sentence, and to clients of the protocol as an error of theirs. */
export function refuse(response: ServerResponse, { status, why, headers = {} }: Refusal, isProtocol: boolean): void {
  if (response.headersSent) return void response.destroy();
  const body = isProtocol ? JSON.stringify({ jsonrpc: '2.0', error: { code: serverError, message: why }, id: null }) : `${why}\n`;
  response.writeHead(status, { ...headers, 'content-type': isProtocol ? 'application/json' : 'text/plain; charset=utf-8' }).end(body);
}

export const busy = (seconds: number, why: string): Refusal => ({ status: 429, why, headers: { 'retry-after': String(seconds) } });
