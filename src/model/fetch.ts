import type { Readable } from 'node:stream';
import type { Secret } from '../settings/key.ts';
import type { WebProxy } from '../settings/proxy.ts';
import type { Exchange } from './failures.ts';
import { scanForPictures } from './picture-scan.ts';
import type { SetAside } from './set-aside.ts';
import { readAll, send, type WireAnswer, type WireRequest } from './wire.ts';
import { boundYoungHeap } from './young-heap.ts';

/** Answers beyond this are not read: a 4K picture with its signatures is about 40 MB of JSON. */
const maxAnswerBytes = 150_000_000;

/** Errors are read this far, and answers noted: no more than a message is ever wanted of either. */
const maxNotedCharacters = 64_000;

/** A free text is read this far: Google's whole list of models has about 60,000 characters. */
const maxTextCharacters = 4_000_000;

/** The address of Google's Gemini API. */
export const googleUrl = 'https://generativelanguage.googleapis.com';

/** The one place a key or a token goes to, and how it is shown there. */
export interface Door {
  /** Scheme, host and port. */
  origin: string;
  /** The header that carries it, and what else belongs to it. */
  credential(): Record<string, string>;
  proxy: WebProxy | undefined;
}

/** The door to Google's own API, or to the address the settings name. */
export function toDoor(apiKey: Secret, baseUrl = googleUrl, proxy?: WebProxy): Door {
  return { origin: new URL(baseUrl).origin, credential: () => ({ 'x-goog-api-key': apiKey.reveal() }), proxy };
}

/** Puts the key or the token on, in a header, which is in no log of addresses. Throws for any other place than it is meant for. */
export async function sendThrough({ origin, credential, proxy }: Door, url: URL, request: WireRequest): Promise<WireAnswer> {
  if (url.origin !== origin) throw new Error('a request to another place than the key is meant for');
  return send(url, { ...request, proxy, headers: { ...request.headers, ...credential() } });
}

/**
 * Asks for a text that is free, and notes what came in `exchange`: status, text, or that it was too large. Resolves with the clock of whoever answered; rejects with
 * what broke. `signal` bounds all of it. With a `question`, that is posted as JSON.
 */
export async function ask(exchange: Exchange, door: Door, url: URL, signal: AbortSignal, question?: object): Promise<string | undefined> {
  const posted = question && { headers: json, body: JSON.stringify(question) };
  const { status, date, body } = await sendThrough(door, url, { headers: {}, signal, ...posted });
  exchange.status = status;
  exchange.body = await readShort(body, maxTextCharacters);
  exchange.tooLarge = exchange.body.length > maxTextCharacters;
  return date;
}

/** A body as text; one that is longer ends after so many characters and a few more. */
export async function readShort(body: Readable, most = maxNotedCharacters): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    // Leaving the loop lets go of the rest, which may be endless.
    if (text.length > most) break;
  }
  return text;
}

/**
 * The fetch the SDK is given, one per request. It puts the key or the token on, which the SDK does not have, for requests to its own place alone; notes what came in
 * `exchange`, since the SDK does not hand on everything; refuses redirects, which would take the key along; caps the answer; and takes the pictures
 * out of it while it arrives, so that the SDK parses little more than words.
 */
export function createFetch(exchange: Exchange, door: Door, pictures: SetAside): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (typeof init?.body !== 'string') throw new Error('a request without words');
    const request = { headers: Object.fromEntries(new Headers(init.headers)), body: init.body, signal: init.signal ?? undefined };
    const { status, length, body } = await sendThrough(door, url, request);
    exchange.status = status;
    const note = createNote(exchange);
    if (status >= 200 && status < 300) {
      boundYoungHeap();
      pictures.expect(length === undefined ? undefined : Math.min(length, maxAnswerBytes));
      return new Response(await readAnswer(body, exchange, note, pictures), { headers: json });
    }
    // Leaving the loop lets go of the rest, which may be endless.
    for await (const chunk of body) if (note(chunk) >= maxNotedCharacters) break;
    return new Response('{"error":{}}', { status: status >= 400 ? status : 502, headers: json });
  };
}

const json = { 'content-type': 'application/json' };

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

/** Reads an answer without its pictures; throws on one that is too large. */
async function readAnswer(
  body: Readable,
  exchange: Exchange,
  note: (chunk: Uint8Array) => number,
  pictures: SetAside,
): Promise<Buffer<ArrayBuffer>> {
  let total = 0;
  const rest: Uint8Array[] = [];
  const scan = scanForPictures(pictures, (bytes) => rest.push(bytes));
  await readAll(body, (bytes) => {
    note(bytes);
    total += bytes.length;
    if (total > maxAnswerBytes) {
      exchange.tooLarge = true;
      throw new Error('answer too large');
    }
    scan.push(bytes);
  });
  scan.end();
  return Buffer.concat(rest);
}
