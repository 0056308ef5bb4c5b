import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { Redactor } from '../redactor.ts';
import type { Exchange } from './failures.ts';
import { type Door, sendThrough } from './fetch.ts';
import { ServiceError, toServiceFailure } from './service-failure.ts';
import type { WireAnswer, WireRequest } from './wire.ts';

/** Google's API beside its pictures: where it is, the key, and what keeps the key out of what comes back. */
export interface Service {
  door: Door;
  /** Scheme, host, and whatever path goes before Google's own. */
  baseUrl: string;
  redactor: Redactor;
}

/** One request to it. */
export interface ServiceRequest extends Omit<WireRequest, 'headers'> {
  /** From the slash on, with its query. */
  path: string;
  headers?: Record<string, string>;
  /** What it is about, for errors: "this file". */
  thing: string;
}

/** Longest answer that is read as a whole, in bytes: a page of a list, what is known of a file or a batch. */
const maxJsonBytes = 4_000_000;

/** Errors are read this far, in bytes. */
const maxErrorBytes = 64_000;

/** The answer while it arrives. Throws a `ServiceError` for any status but 2xx, and when none comes. */
export async function openService({ door, baseUrl, redactor }: Service, request: ServiceRequest): Promise<WireAnswer> {
  const { path, thing, headers = {}, ...rest } = request;
  const exchange: Exchange = { model: '', thrown: undefined };
  try {
    const answer = await sendThrough(door, new URL(`${baseUrl}${path}`), { ...rest, headers });
    exchange.status = answer.status;
    if (answer.status >= 200 && answer.status < 300) return answer;
    exchange.body = redactor.redact(await readText(answer.body, maxErrorBytes));
  } catch (thrown) {
    rest.signal?.throwIfAborted();
    exchange.thrown = thrown;
  }
  throw new ServiceError(toServiceFailure(exchange, thing));
}

/** The answer as JSON, keys taken out of it, with its headers. Throws a `ServiceError` for what is none. */
export async function askService(service: Service, request: ServiceRequest): Promise<{ json: unknown; headers: WireAnswer['headers'] }> {
  const { body, headers, status } = await openService(service, request);
  try {
    const text = await readText(body, maxJsonBytes);
    return { json: JSON.parse(service.redactor.redact(text === '' ? '{}' : text)), headers };
  } catch (thrown) {
    request.signal?.throwIfAborted();
    throw new ServiceError(toServiceFailure({ model: '', status, thrown }, request.thing));
  }
}

async function readText(body: Readable, most: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    // Leaving the loop lets go of the rest, which may be endless.
    if (text.length > most) break;
  }
  return text;
}

/** Back-off between tries of what is free and may be asked twice, in milliseconds; a wait that Google names is kept to, up to `longestMs`. */
const backOff = { firstMs: 500, longestMs: 60_000 } as const;

/** Tries again what may be asked any number of times, where that may help. */
export async function persist<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let sent = 1; ; sent += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ServiceError) || sent >= error.failure.maxRequests) throw error;
      const waitMs = error.failure.waitMs ?? Math.random() * backOff.firstMs * 2 ** (sent - 1);
      if (waitMs > backOff.longestMs) throw error;
      await setTimeout(waitMs, undefined, { signal });
    }
  }
}
