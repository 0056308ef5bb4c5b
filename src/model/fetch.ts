import type { Readable } from 'node:stream';
import type { Secret } from '../settings/key.ts';
import type { Exchange } from './failures.ts';
import { scanForPictures } from './picture-scan.ts';
import { post, readAll } from './post.ts';
import type { SetAside } from './set-aside.ts';

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
 * `exchange`, since the SDK does not hand on everything; refuses redirects, which would take the key along; caps the answer; and takes the pictures
 * out of it while it arrives, so that the SDK parses little more than words.
 */
export function createFetch(exchange: Exchange, { apiKey, origin }: Door, pictures: SetAside): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== origin) throw new Error('a request to another place than the key is meant for');
    if (typeof init?.body !== 'string') throw new Error('a request without words');
    const headers = { ...Object.fromEntries(new Headers(init.headers)), 'x-goog-api-key': apiKey.reveal() };
    const { status, length, body } = await post(url, { headers, body: init.body, signal: init.signal ?? undefined });
    exchange.status = status;
    const note = createNote(exchange);
    if (status >= 200 && status < 300) {
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
