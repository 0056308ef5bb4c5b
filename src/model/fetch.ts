import { setImmediate } from 'node:timers/promises';
import type { Secret } from '../settings/key.ts';
import type { Exchange } from './failures.ts';
import { scanForPictures } from './picture-scan.ts';
import type { SetAside } from './set-aside.ts';

/** Answers beyond this are not read: a 4K picture with its signatures is about 40 MB of JSON. */
const maxAnswerBytes = 150_000_000;

/** Errors are read this far, and answers noted: no more than a message is ever wanted of either. */
const maxNotedCharacters = 64_000;

/** As much of an answer is worked on at once: a millisecond's work. What the network hands over is seldom more. */
const pieceBytes = 64 * 1024;

/** The one place the key goes to. */
export interface Door {
  apiKey: Secret;
  /** Scheme, host and port. */
  origin: string;
}

/**
 * The fetch the SDK is given, one per request. It puts the key on, which the SDK does not have, for requests to its own place alone; notes what came in
 * `exchange`, since the SDK does not hand on everything; refuses redirects, which would take the key along; caps the answer; and takes the pictures
 * out of it while it arrives, so that the SDK parses little more than words.
 */
export function createFetch(exchange: Exchange, { apiKey, origin }: Door, pictures: SetAside): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== origin) throw new Error('a request to another place than the key is meant for');
    const headers = new Headers(init?.headers);
    headers.set('x-goog-api-key', apiKey.reveal());
    const response = await fetch(url, withoutTimeLimits({ ...init, headers, redirect: 'manual' }));
    exchange.status = response.status;
    const note = createNote(exchange);
    if (response.ok) {
      pictures.expect(lengthOf(response));
      return response.body === null ? response : new Response(response.body.pipeThrough(createCap(exchange, note, pictures)), response);
    }
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

/** How long a body will be, in bytes; undefined where its header does not say, or speaks of the compressed one. */
function lengthOf({ headers }: Response): number | undefined {
  const length = Number(headers.get('content-length') ?? Number.NaN);
  return Number.isSafeInteger(length) && length >= 0 && !headers.has('content-encoding') ? Math.min(length, maxAnswerBytes) : undefined;
}

/** Ends what is too large, and lets the rest through without its pictures. */
function createCap(exchange: Exchange, note: (chunk: Uint8Array) => number, pictures: SetAside): TransformStream<Uint8Array, Uint8Array> {
  let total = 0;
  let handOn = (_bytes: Uint8Array): void => undefined;
  const scan = scanForPictures(pictures, (bytes) => handOn(bytes));
  return new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      handOn = (bytes) => controller.enqueue(bytes);
    },
    async transform(chunk, controller) {
      note(chunk);
      total += chunk.byteLength;
      if (total > maxAnswerBytes) {
        exchange.tooLarge = true;
        return controller.error(new Error('answer too large'));
      }
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        if (at > 0) await setImmediate();
        scan.push(bytes.subarray(at, at + pieceBytes));
      }
    },
    flush: () => scan.end(),
  });
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
