import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Told } from './observe.ts';
import type { Tenant } from './tenants.ts';

/** One HTTP request, from its arrival to the end of its answer. */
export interface Visit {
  /** Names it in the log, and to the caller. */
  id: string;
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  /** Which of the server's doors it came to, for figures. */
  route: 'mcp' | 'images' | 'files' | 'health' | 'none';
  /** Fires when the caller has gone before the answer was out. */
  gone: AbortSignal;
  tenant?: Tenant;
  /** The token it brought, which belongs into no prompt. */
  token?: string;
  /** Of a tool call. */
  tool?: string;
  prompt?: string;
  told?: Told;
  /** Calls that were answered with it, and the unclaimed ones the answer told of. */
  answered: { call: string; told: string[] }[];
}
