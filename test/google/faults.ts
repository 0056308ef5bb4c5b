import { setTimeout as wait } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import { candidate } from './envelope.ts';
import { picture } from './picture.ts';
import type { Delivery, Reply } from './reply.ts';

/** `answer`, delivered another way. */
function deliver(answer: Answer, delivery: Delivery): Answer {
  return async (request) => ({ ...(await answer(request)), delivery });
}

/** A front end's error page; with a JSON content type it is the lie some proxies tell. */
export function html(status: number, contentType = 'text/html; charset=UTF-8'): Answer {
  const body = `<!DOCTYPE html>\n<html lang=en>\n<title>Error ${status} (Server Error)!!1</title>\n<p>The server encountered a temporary error and could not complete your request.</p>\n</html>`;
  return () => ({ status, headers: { 'content-type': contentType }, body });
}

/** 200 and JSON that stops half way, though HTTP says it is complete. */
export function truncatedJson(): Answer {
  return async (request) => {
    const reply: Reply = await picture()(request);
    return { ...reply, body: typeof reply.body === 'string' ? reply.body.slice(0, reply.body.length / 2) : reply.body };
  };
}

/** Something that is labelled a picture and is none. */
export function notAnImage(): Answer {
  return picture({ bytes: Buffer.from('This is not the picture you are looking for.\n'.repeat(50)), mimeType: 'image/png' });
}

/** The connection is closed before the first byte. */
export function reset(): Answer {
  return () => ({ status: 200, body: '', delivery: 'reset' });
}

/** The connection is closed half way through the body. */
export function resetMidBody(answer: Answer = picture()): Answer {
  return deliver(answer, 'half-then-reset');
}

/** Nothing comes, ever. */
export function hang(): Answer {
  return () => ({ status: 200, body: '', delivery: 'silence' });
}

/** Headers, half of the body, then nothing more. */
export function stallMidBody(answer: Answer = picture()): Answer {
  return deliver(answer, 'half-then-silence');
}

/** One byte at a time. */
export function drip(msPerByte: number, answer: Answer = picture()): Answer {
  return deliver(answer, { msPerByte });
}

/** `answer`, that much later. */
export function slow(ms: number, answer: Answer = picture()): Answer {
  return async (request) => {
    // Unreferenced, so that a forgotten slow answer keeps no process alive.
    await wait(ms, undefined, { ref: false });
    return answer(request);
  };
}

/** Sends the caller elsewhere. `location` is used as it stands. */
export function redirect(location: string, status = 307): Answer {
  return () => ({ status, headers: { location }, body: '' });
}

/** A well-formed answer whose picture alone has this many megabytes of base64, without a content-length, made while it is sent. */
export function hugeBody(megabytes: number): Answer {
  const frame = JSON.stringify({ candidates: [candidate([{ inlineData: { mimeType: 'image/png', data: '#' } }], 'STOP')] });
  const [before = '', after = ''] = frame.split('#');
  const megabyte = 'A'.repeat(1024 * 1024);
  function* pieces(): Iterable<string> {
    yield before;
    for (let sent = 0; sent < megabytes; sent += 1) yield megabyte;
    yield after;
  }
  return () => ({ status: 200, body: pieces });
}
