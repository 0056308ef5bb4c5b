import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createVisitors } from './visitors.ts';

/** What is answered to an address below the token; undefined: there is nothing. */
export type Respond = (path: string, from: number, unwanted: AbortSignal) => Promise<Reply | undefined>;

export interface Reply {
  mediaType: string;
  body: string | Uint8Array;
}

export interface RunningGallery {
  /** For the person: it holds the token. */
  url: string;
  /** Leads there once: what starts a browser is seen by everybody on this computer. */
  onceUrl: string;
  /** Resolves when nobody has had the page open for some seconds, after somebody had. */
  left: Promise<void>;
  close(): void;
}

/**
 * Serves `page`, and what `respond` answers, to browsers on this computer that know the token: 128 random bits in the path. Only to be read, by name of this computer only, so that
 * no page of another origin, whatever its name resolves to, gets in or gets anything out. Rejects with what the system says when the port cannot be had; 0: any.
 */
export async function serveGallery(page: string, respond: Respond, port: number): Promise<RunningGallery> {
  const [token, ticket] = [newToken(), newToken()];
  const visitors = createVisitors();
  const headers = toHeaders(page);
  let isTicketUsed = false;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isLocal(request)) return refuse(response, 403, 'This is not the address the gallery has.');
    if (request.method !== 'GET') return refuse(response.setHeader('allow', 'GET'), 405, 'The gallery is only to be read.');
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const [, given = '', path] = /^\/([^/]*)(?:\/(.*))?$/.exec(pathname) ?? [];
    if (!isTicketUsed && isSame(given, ticket)) {
      isTicketUsed = true;
      return void response.writeHead(303, { location: `/${token}/` }).end();
    }
    if (path === undefined || !isSame(given, token))
      return refuse(response, 403, 'Open the address that limner gallery printed: it holds the token.');
    if (path === '') return send(response, { mediaType: 'text/html', body: page });
    if (path === 'open') return visitors.welcome(response);
    const unwanted = new AbortController();
    response.once('close', () => unwanted.abort());
    const reply = await respond(path, Number(searchParams.get('from')), unwanted.signal);
    if (reply) send(response, reply);
    else refuse(response, 404, 'There is no such picture, or its files are gone.');
  }

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    answer(request, response).catch(() => refuse(response, 500, 'limner could not read that.'));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`;
  return {
    url: `${origin}/${token}/`,
    onceUrl: `${origin}/${ticket}`,
    left: visitors.left,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function newToken(): string {
  return randomBytes(16).toString('hex');
}

function isSame(given: string, secret: string): boolean {
  return given.length === secret.length && timingSafeEqual(Buffer.from(given, 'latin1'), Buffer.from(secret, 'latin1'));
}

/** A name that resolves to this computer, but is another's, is what a hostile page would come by. */
function isLocal({ headers, socket }: IncomingMessage): boolean {
  return ['127.0.0.1', 'localhost'].some((name) => headers.host === `${name}:${socket.localPort}`);
}

/** Nothing is loaded, run or sent but what this page is made of; nothing stays in the browser, and the address goes nowhere. */
function toHeaders(page: string): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `script-src ${toSource(page, 'script')}`,
    `style-src ${toSource(page, 'style')}`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}

function toSource(page: string, tag: 'script' | 'style'): string {
  const content = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(page)?.[1] ?? '';
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}

function send(response: ServerResponse, { mediaType, body }: Reply): void {
  response.setHeader('content-type', mediaType.startsWith('image/') ? mediaType : `${mediaType}; charset=utf-8`).end(body);
}

function refuse(response: ServerResponse, status: number, why: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${why}\n`);
}
