import { isUtf8 } from 'node:buffer';
import {
  INVALID_REQUEST,
  isJSONRPCRequest,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  PARSE_ERROR,
  parseJSONRPCMessage,
  type RequestId,
} from '@modelcontextprotocol/server';
import { formatBytes } from '../text.ts';
import { type Line, maxLineBytes } from './lines.ts';
import type { Shape } from './scan.ts';

/** What becomes of a line: a message for the server, an error that is answered at once, or something nobody is answered about, for the log. */
export type Screened = { message: JSONRPCMessage } | { answer: JSONRPCErrorResponse } | { remark: string };

/** Deeper than any message of MCP by far; the schemas of the SDK recurse. */
const maxDepth = 100;

/** A parsed value takes up to fifty times the bytes it was written in, so long lines of small values are refused unparsed. */
const maxValues = 200_000;

/** Messages of a list, which clients of 2025-03-26 may send. */
const maxListed = 100;

/**
 * Reads a line as JSON-RPC does: a request is answered, if only with what is wrong with it; notifications and responses never are. An error about a request whose id cannot be
 * told has none, as MCP writes what JSON-RPC calls the id null.
 */
export function screen({ bytes, shape }: Line): Screened[] {
  if (bytes === undefined)
    return [
      refuse(
        shape,
        `A message may have at most ${formatBytes(maxLineBytes)} (${maxLineBytes} bytes), and this one has more: pass a path instead of a picture's data.`,
      ),
    ];
  if (shape.depth > maxDepth)
    return [refuse(shape, `A message may be nested at most ${maxDepth} levels deep, and this one has ${shape.depth}.`)];
  if (shape.values > maxValues)
    return [refuse(shape, `A message may hold at most ${maxValues} values, and this one has more: pass a path instead of data.`)];
  if (!isUtf8(bytes)) return [refuse(shape, 'A message must be UTF-8, and this one is not.', PARSE_ERROR)];
  // Some shells put a byte order mark before what they pipe.
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  if (text.trim() === '') return [];
  const value = parse(text);
  if (value === undefined)
    return [{ answer: toError(undefined, PARSE_ERROR, 'A line on stdin was no JSON. Each line must be one JSON-RPC message.') }];
  if (!Array.isArray(value)) return [read(value)];
  if (value.length === 0 || value.length > maxListed)
    return [
      {
        answer: toError(
          undefined,
          INVALID_REQUEST,
          `A list of messages must have 1 to ${maxListed} of them; better, send each on a line of its own.`,
        ),
      },
    ];
  return value.map(read);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const members = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'] as const;

type Envelope = { readonly [Member in (typeof members)[number]]?: unknown };

/** Members JSON-RPC does not know are passed over. Read by hand: it is the first thing a host waits for. */
function toEnvelope(value: unknown): Envelope | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(members.flatMap((name) => (Object.hasOwn(value, name) ? [[name, Reflect.get(value, name)]] : [])));
}

function read(value: unknown): Screened {
  const data = toEnvelope(value);
  if (data === undefined) return { answer: toError(undefined, INVALID_REQUEST, 'A message must be a JSON object.') };
  try {
    // Three more kinds of message take time to tell apart, and the first is what most are.
    return { message: isJSONRPCRequest(data) ? data : parseJSONRPCMessage(data) };
  } catch {
    const shape = {
      id: toRequestId(data.id),
      hasId: 'id' in data,
      hasMethod: 'method' in data,
      hasResult: 'result' in data || 'error' in data,
    };
    return refuse(shape, `This is no JSON-RPC request: ${explain(data)}.`);
  }
}

function explain({ jsonrpc, id, method, params }: Envelope): string {
  if (jsonrpc !== '2.0') return 'jsonrpc must be "2.0"';
  if (typeof method !== 'string') return 'method must be text';
  if (id !== undefined && toRequestId(id) === undefined) return 'id must be text or a whole number';
  if (params === undefined) return 'its members do not go together';
  return 'params must be an object, and a progressToken in its _meta text or a whole number';
}

function toRequestId(id: unknown): RequestId | undefined {
  return typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id)) ? id : undefined;
}

type Sender = Pick<Shape, 'id' | 'hasId' | 'hasMethod' | 'hasResult'>;

function refuse({ id, hasId, hasMethod, hasResult }: Sender, why: string, code = INVALID_REQUEST): Screened {
  const kind = hasMethod && !hasId ? 'notification' : hasResult && !hasMethod ? 'response' : 'request';
  if (kind !== 'request') return { remark: `passed over a ${kind} on stdin: ${why}` };
  return { answer: toError(id, code, why) };
}

function toError(id: RequestId | undefined, code: number, message: string): JSONRPCErrorResponse {
  return { jsonrpc: '2.0', ...(id !== undefined && { id }), error: { code, message } };
}
