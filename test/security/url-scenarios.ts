import type { RequestListener, ServerResponse } from 'node:http';
import { photo } from '../fixtures.ts';
import { redirect, send } from './in-network.ts';
import { type Network, publicPlace } from './network.ts';

/** Something a host, a resolver or a network does to a download. */
export interface Scenario {
  name: string;
  /** What the picture server does, by path. */
  serves?: Record<string, RequestListener>;
  /** What the scenario's host, or others, resolve to; the picture server when not said. */
  names?: Parameters<Network['resolve']>[0];
  /** The address that is given, `/a.png` of the scenario's host when not said. */
  address?: string;
  /** The error's code, or `taken`. */
  ends: 'taken' | 'not_allowed' | 'not_found' | 'unreachable' | 'unreadable_image';
  says?: RegExp;
  /** Requests that reach the picture server. */
  requests: number;
}

export const toHost = (name: string) => `${name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.pictures.example`;

const head = 'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n';

/** Sends the same piece as long as anybody takes it, and counts what went out. */
function endless(piece: Buffer, sent: { bytes: number }, write: (response: ServerResponse) => void = () => undefined): RequestListener {
  return ({ socket }, response) => {
    write(response);
    const more = () => {
      let isTaken = true;
      while (isTaken && !socket.destroyed) {
        isTaken = socket.write(piece);
        sent.bytes += piece.length;
      }
    };
    socket.on('drain', more);
    more();
  };
}

/** Writes to the connection itself. */
const raw =
  (...parts: (string | Buffer)[]): RequestListener =>
  ({ socket }) => {
    for (const part of parts) socket.write(part);
    socket.end();
  };

/** A redirect from `/a.png`; private services listen at this port of this computer. */
export async function makeScenarios(privatePort: number, sent: { bytes: number }): Promise<Scenario[]> {
  const png = await photo(120, 80);
  const local = `http://127.0.0.1:${privatePort}/secret.png`;
  const astray = (name: string, location: string, status = 302): Scenario => ({
    name,
    serves: { '/a.png': redirect(location, status) },
    ends: 'not_allowed',
    says: /leads on to an address that limner may not fetch/,
    requests: 1,
  });
  const served = (name: string, listener: RequestListener, ends: Scenario['ends'], says?: RegExp): Scenario => ({
    name,
    serves: { '/a.png': listener },
    ends,
    ...(says && { says }),
    requests: 1,
  });
  const resolved = (name: string, answers: Parameters<Network['resolve']>[0][string], ends: Scenario['ends'], requests = 0): Scenario => ({
    name,
    names: { [toHost(name)]: answers },
    ends,
    requests,
  });
  const at = (name: string, place: string): Scenario => ({
    ...resolved(name, [[place]], 'unreachable'),
    says: /gave no whole answer over a valid secure connection/,
  });
  const chain = (length: number) =>
    Object.fromEntries(
      Array.from({ length }, (_, hop) => [hop === 0 ? '/a.png' : `/${hop}`, redirect(hop + 1 === length ? '/end.png' : `/${hop + 1}`)]),
    );
  const { pictures, pictures6 } = publicPlace;
  return [
    astray('redirect-private', local),
    astray('redirect-private over https', `https://127.0.0.1:${privatePort}/secret.png`),
    astray('redirect-metadata', 'http://169.254.169.254/', 301),
    astray('redirect-metadata over https', 'https://169.254.169.254/', 301),
    ...[301, 302, 303, 307, 308].map((status) => astray(`redirect-307-308-303 ${status}`, 'https://10.0.0.1/a.png', status)),
    astray('redirect-file', 'file:///etc/passwd'),
    astray('redirect-data', 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>'),
    ...['gopher://pictures.example/', 'ftp://pictures.example/a.png', 'wss://pictures.example/', 'javascript:1'].map((to) =>
      astray(`redirect-other-scheme ${to}`, to),
    ),
    astray('redirect-downgrade', 'http://pictures.example/a.png'),
    astray('redirect-encoded', '//0x7f.1/'),
    astray('redirect with a login', 'https://user:password@pictures.example/end.png'),
    astray('redirect to another port', 'https://pictures.example:8443/end.png'),
    astray('redirect to a local name', 'https://metadata.google.internal/'),
    { ...astray('redirect to a name that is private', 'https://inner.example/'), names: { 'inner.example': [['10.0.0.1']] } },
    { ...astray('redirect to a name nobody knows', 'https://unknown.example/'), names: { 'unknown.example': [[]] } },
    { ...astray('redirect rebinds', '/end.png'), names: { [toHost('redirect rebinds')]: [[pictures], ['127.0.0.1']] } },
    {
      name: 'redirect-loop',
      serves: { '/a.png': redirect('/b.png'), '/b.png': redirect('/a.png') },
      ends: 'unreachable',
      says: /leads on more than 3 times/,
      requests: 4,
    },
    {
      name: 'redirect-chain-4',
      serves: { ...chain(4), '/end.png': send(png) },
      ends: 'unreachable',
      says: /leads on more than 3 times/,
      requests: 4,
    },
    { name: 'redirect-chain of three', serves: { ...chain(3), '/end.png': send(png) }, ends: 'taken', requests: 4 },
    { name: 'redirect-relative-ok', serves: { '/a.png': redirect('/b.png'), '/b.png': send(png) }, ends: 'taken', requests: 2 },
    served('redirect to nowhere', (_request, response) => void response.writeHead(302).end(), 'unreachable', /HTTP 302/),
    served('refresh-header', send(png, { refresh: `0;url=${local}` }), 'taken'),
    served(
      'meta-refresh',
      send(`<meta http-equiv="refresh" content="0;url=${local}">`, { 'content-type': 'text/html' }),
      'unreadable_image',
      /is a web page/,
    ),
    resolved('rebind-ttl0', [[pictures], ['127.0.0.1']], 'taken', 1),
    resolved('rebind-mixed', [[pictures, '127.0.0.1']], 'not_allowed'),
    resolved('rebind-aaaa', [[pictures, '::1']], 'not_allowed'),
    resolved('rebind-cname', [['127.0.0.1']], 'not_allowed'),
    resolved('several public addresses', [[pictures6, pictures]], 'taken', 1),
    resolved('a zone in the answer', [['fe80::1%eth0']], 'not_allowed'),
    { ...resolved('resolver-empty', [[]], 'not_allowed'), says: /no public internet address is known for its host\. Check the spelling/ },
    { ...resolved('hosts-file', [['127.0.0.1']], 'not_allowed'), says: /no public internet address is known for its host/ },
    { ...at('connected elsewhere', publicPlace.misled) },
    served(
      'body-endless',
      endless(Buffer.alloc(65_536), sent, (response) => void response.socket?.write(`${head}\r\n`)),
      'unreadable_image',
      /larger than 20\.0 MB/,
    ),
    served('body-lie-short', raw(`${head}Content-Length: 10000000000\r\n\r\n`, png), 'unreadable_image', /larger than 20\.0 MB/),
    served(
      'body-lie-long',
      endless(Buffer.alloc(65_536, png), sent, (response) => void response.socket?.write(`${head}Content-Length: 100\r\n\r\n`)),
      'unreadable_image',
    ),
    served('body cut off', raw(`${head}Content-Length: ${png.length}\r\n\r\n`, png.subarray(0, 60)), 'unreachable'),
    served('body in broken chunks', raw(`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`), 'unreachable'),
    served('body-gzip-bomb', send(Buffer.alloc(1000), { 'content-encoding': 'gzip' }), 'unreadable_image', /came packed/),
    ...['br', 'zstd', 'gzip, br'].map((encoding) =>
      served(
        `body-br-zstd-bomb ${encoding}`,
        send(Buffer.alloc(1000), { 'content-encoding': encoding }),
        'unreadable_image',
        /came packed/,
      ),
    ),
    served(
      'headers-endless',
      endless(Buffer.from('X-More: more\r\n'.repeat(100)), sent, (response) => void response.socket?.write(head)),
      'unreachable',
    ),
    served('no HTTP at all', raw('secret-banner\r\n\r\n'), 'unreachable'),
    served(
      'type-html',
      send('<!doctype html><p>secret-banner', { 'content-type': 'text/html; charset=utf-8' }),
      'unreadable_image',
      /is a web page, not a picture/,
    ),
    served('type-lie', send('<html>secret-banner</html>'), 'unreadable_image', /is a web page, not a picture/),
    served(
      'type-svg',
      send('<svg xmlns="http://www.w3.org/2000/svg"/>', { 'content-type': 'image/svg+xml' }),
      'unreadable_image',
      /is SVG/,
    ),
    served('type-none', send(png, {}), 'taken'),
    served('type html of a picture', send(png, { 'content-type': 'text/html' }), 'taken'),
    served('an empty body', send(''), 'unreadable_image', /empty/),
    served('status-404', send(png, {}, 404), 'not_found', /HTTP 404/),
    served('status-206', send(png, {}, 206), 'unreachable', /HTTP 206/),
    served('status-204', send('', {}, 204), 'unreachable', /HTTP 204/),
    served(
      'banner-leak',
      (_request, response) => void response.writeHead(500, 'secret-banner', { 'x-secret': 'secret-banner' }).end('secret-banner'),
      'unreachable',
      /HTTP 500/,
    ),
    at('tls-self-signed', publicPlace.selfSigned),
    at('tls-expired', publicPlace.expired),
    { ...at('tls-wrong-name', pictures), names: {}, address: 'https://wrong.example/a.png' },
    at('no TLS', publicPlace.notTls),
  ];
}
