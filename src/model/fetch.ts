import type { Secret } from '../settings/key.ts';
import type { Exchange } from './failures.ts';

/** Answers beyond this are not read: a 4K picture with its signatures is about 40 MB of JSON. */
const maxAnswerBytes = 150_000_000;

/** Errors are read this far, and answers noted: no more than a message is ever wanted of either. */
const maxNotedCharacters = 64_000;

/** The one place the key goes to. */
export interface Door {
  apiKey: Secret;
  /** Scheme, host and port. */
  origin: string;
}

/**
 * The fetch the SDK is given, one per request. It puts the key on, which the SDK does not have, for requests to its own place alone; notes what came in
 * `exchange`, since the SDK does not hand on everything; refuses redirects, which would take the key along; and caps the answer.
 */
export function createFetch(exchange: Exchange, { apiKey, origin }: Door): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== origin) throw new Error('a request to another place than the key is meant for');
    const headers = new Headers(init?.headers);
    headers.set('x-goog-api-key', apiKey.reveal());
    const response = await fetch(url, withoutTimeLimits({ ...init, headers, redirect: 'manual' }));
    exchange.status = response.status;
    const note = createNote(exchange);
    if (response.ok) return response.body === null ? response : new Response(capped(response.body, exchange, note), response);
    // Leaving the loop lets go of the rest, which may be endless.
    for await (const chunk of response.body ?? []) if (note(chunk) >= maxNotedCharacters) break;
    const status = response.status >= 400 ? response.status : 502;
    return new Response('{"error":{}}', { status, headers: { 'content-type': 'application/json' } });
  };
}

/** Notes the start of a body, and says how many characters are noted. */
function createNote(exchange: Exchange): (chunk: Uint8Array) => number {
  const decoder = new TextDecoder();
  let noted = '';
  return (chunk) => {
    if (noted.length < maxNotedCharacters) noted += decoder.decode(chunk, { stream: true });
    exchange.body = noted;
    return noted.length;
  };
}

function capped(body: ReadableStream<Uint8Array>, exchange: Exchange, note: (chunk: Uint8Array) => number): ReadableStream<Uint8Array> {
  let total = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      note(chunk);
      total += chunk.byteLength;
      if (total <= maxAnswerBytes) return controller.enqueue(chunk);
      exchange.tooLarge = true;
      controller.error(new Error('answer too large'));
    },
  });
  return body.pipeThrough(counter);
}

/**
 * Node's fetch gives up when no header came for 300 s; limner's own deadline decides instead. The running dispatcher, a proxy agent included, is asked
 * with that limit switched off, as Google's SDK does for its own fetch. `dispatcher` is Node's extension of the standard options.
 */
function withoutTimeLimits(init: RequestInit): RequestInit {
  const running: unknown = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'));
  if (!isDispatcher(running)) return init;
  const dispatch = (options: object, handler: object) => running.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler);
  return Object.assign(init, { dispatcher: { dispatch } });
}

function isDispatcher(value: unknown): value is { dispatch(options: object, handler: object): boolean } {
  return typeof value === 'object' && value !== null && 'dispatch' in value && typeof value.dispatch === 'function';
}
