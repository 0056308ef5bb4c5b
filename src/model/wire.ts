import * as http from 'node:http';
import * as https from 'node:https';
import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { isSpared, type WebProxy } from '../settings/proxy.ts';

/** A request with everything in it. */
export interface WireRequest {
  /** Absent: POST where there is a body, else GET. */
  method?: 'DELETE';
  headers: Record<string, string>;
  /** What is posted; absent: nothing. */
  body?: string | StreamedBody;
  signal: AbortSignal | undefined;
  /** Passed by where it says so itself. */
  proxy?: WebProxy | undefined;
}

/** A body that is never held as a whole. */
interface StreamedBody {
  byteLength: number;
  /** Exactly so many bytes; what breaks in it ends the request. */
  pieces: AsyncIterable<Uint8Array>;
}

/** An answer whose headers have arrived. */
export interface WireAnswer {
  status: number;
  /** The clock of whoever answered, as its `Date` header says; undefined where it has none. */
  date: string | undefined;
  headers: http.IncomingHttpHeaders;
  /** How long the body will be, in bytes; undefined where its header does not say, or speaks of the compressed one. */
  length: number | undefined;
  /** As it was before it was compressed. */
  body: Readable;
}

/** A proxy on the way that was not passed. */
export interface Barrier {
  proxy: WebProxy;
  /** Where the request was to go: host and port. */
  target: string;
  /** What the proxy answered; undefined: nothing. */
  status: number | undefined;
}

/** Nothing of the request has left: no connection stood, or none whose certificate was seen. `cause` says why. */
export class NotSent extends Error {
  readonly barrier: Barrier | undefined;

  constructor(cause: unknown, barrier?: Barrier) {
    super('nothing was sent', { cause });
    this.barrier = barrier;
  }
}

/**
 * Sends with Node's own HTTP client: over a 4K picture `fetch` takes three times as long, and 40 MB for its parser. No time limit but the signal's, no redirect is
 * followed, certificates are verified whatever the environment says. Through a proxy a tunnel is made first, so that it sees host and port alone; without one,
 * connections are Node's own. Rejects with the system's errors, in a `NotSent` where that is known.
 */
export async function send(url: URL, { method, headers, body, signal, proxy }: WireRequest): Promise<WireAnswer> {
  const { request } = url.protocol === 'https:' ? https : http;
  const way = proxy && !isSpared(url, proxy) ? { proxy, agent: (await import('./proxy-agent.ts')).toAgent(proxy) } : undefined;
  const sent = request(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    rejectUnauthorized: true,
    insecureHTTPParser: false,
    ...(signal && { signal }),
    ...(way && { agent: way.agent }),
  });
  const length = body === undefined ? {} : { 'content-length': typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength };
  const all = { ...headers, 'accept-encoding': Object.keys(decoders).join(', '), ...length };
  // Not among the options, which NODE_DEBUG prints.
  for (const [name, value] of Object.entries(all)) sent.setHeader(name, value);
  let isOpen = false;
  const open = () => {
    isOpen = true;
  };
  const barrier = way && watchTunnel(sent, way.proxy, `${url.hostname}:${url.port || '443'}`);
  // A connection that is used again is open already.
  sent.on('socket', (socket) => (sent.reusedSocket ? open() : socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', open)));
  return new Promise((resolve, reject) => {
    // What breaks after the headers came is told by the answer's own stream; what is no answer at all, by the end alone.
    sent.on('response', (answer) => resolve(toAnswer(answer)));
    sent.on('error', (error) => reject(isOpen ? error : new NotSent(error, barrier?.())));
    sent.on('close', () => reject(new Error('no answer')));
    if (body === undefined || typeof body === 'string') sent.end(body);
    else pipeline(Readable.from(body.pieces), sent, (error) => error && sent.destroy(error));
  });
}

/** Ends a request whose tunnel the proxy refuses, whose own answer would pass for Google's; resolves with what stands in the way, until the tunnel does. */
function watchTunnel(sent: http.ClientRequest, proxy: WebProxy, target: string): () => Barrier | undefined {
  let barrier: Barrier | undefined = { proxy, target, status: undefined };
  sent.on('proxyConnect', ({ statusCode: status }: { statusCode: number }) => {
    barrier = status === 200 ? undefined : { proxy, target, status };
    if (barrier) sent.destroy(new Error('the proxy refused'));
  });
  return () => barrier;
}

const chunkSize = 64 * 1024;

const decoders: Record<string, () => Transform> = {
  gzip: () => createGunzip({ chunkSize }),
  deflate: () => createInflate({ chunkSize }),
  br: () => createBrotliDecompress({ chunkSize }),
};

function toAnswer(answer: http.IncomingMessage): WireAnswer {
  const { 'content-encoding': encoding = 'identity', 'content-length': length = '', date } = answer.headers;
  const decoder = decoders[encoding.toLowerCase()]?.();
  return {
    status: answer.statusCode ?? 0,
    date,
    headers: answer.headers,
    length: encoding === 'identity' && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    // Whoever reads it hears of what breaks.
    body: decoder ? pipeline(answer, decoder, () => undefined) : answer,
  };
}

/** As much is worked on at once, in bytes: a few milliseconds' work. */
const turnBytes = 128 * 1024;

/** Hands on what arrives, while others go on in between. Rejects with what breaks, and with what `take` throws: then nothing more is read. */
export function readAll(body: Readable, take: (bytes: Buffer) => void): Promise<void> {
  let taken = 0;
  return new Promise((resolve, reject) => {
    body.on('end', resolve).on('error', reject);
    body.on('close', () => reject(new Error('no end')));
    body.on('data', (bytes: Buffer) => {
      try {
        take(bytes);
      } catch (error) {
        reject(error);
        body.destroy();
      }
      taken += bytes.length;
      if (taken < turnBytes) return;
      taken = 0;
      body.pause();
      setImmediate(() => body.resume());
    });
  });
}
