import type { IncomingMessage } from 'node:http';
import { vertexRequest } from './fields.ts';
import { type Body, type GoogleRequest, readBody, summarise, vertexVersion } from './request.ts';
import type { Violation } from './schema.ts';
import { maxBodyBytes } from './validate.ts';

/** A request as the test sees it, and what validation needs besides. */
export interface Received {
  request: GoogleRequest;
  body: Body;
  violations: readonly Violation[];
}

/** Reads a generateContent request to its end, good or bad. */
export async function receive(incoming: IncomingMessage, model: string, apiVersion = 'v1beta'): Promise<Received> {
  const at = performance.now();
  const apiKey = keyOf(incoming);
  const { text, bytes } = await readText(incoming);
  const json = parse(text);
  const { body, violations } = readBody(json ?? {}, apiVersion === vertexVersion ? vertexRequest : undefined);
  const fixed = { number: 0, apiVersion, refused: undefined, dropped: false };
  return { request: { ...fixed, ...summarise(body), model, apiKey, at, body: json, bytes }, body, violations };
}

export function keyOf(incoming: IncomingMessage): string | undefined {
  const value = incoming.headers['x-goog-api-key'];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Reads what is too large as well, without keeping it: an answer to a half-read request would reach the client as a broken pipe. */
async function readText(incoming: IncomingMessage): Promise<{ text: string; bytes: number }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const piece of incoming) {
    const chunk: Buffer = piece;
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  return { text: bytes <= maxBodyBytes ? Buffer.concat(chunks).toString() : '', bytes };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
