import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** One answer of a resolver: addresses, none for a name nobody knows, or none ever. */
type Resolved = readonly string[] | 'never';

/** What the server under test takes for the internet. Everything in it ends at 127.0.0.1. */
export interface Network {
  /** Environment of a server that lives in it. */
  env: Record<string, string>;
  /** What a name resolves to, in turn; `*` is any other name. */
  resolve(names: Record<string, readonly Resolved[]>): Promise<void>;
  /** What the picture server does at a path. */
  serve(path: string, listener: RequestListener): void;
  /** The picture server has nothing any more. */
  clear(): void;
  /** What the picture server was asked, host and path. */
  requests: readonly { host: string; path: string; headers: IncomingHttpHeaders }[];
  /** Connections that were made to what a private service on this computer would be. */
  trespasses(): number;
  privatePort: number;
  /** Addresses that were dialled, `address port`, in order. */
  dials(): Promise<string[]>;
  /** Names that were looked up, in order. */
  lookups(): Promise<string[]>;
  close(): Promise<void>;
}

/** Addresses of the public internet, and what answers there. */
export const publicPlace = {
  pictures: '93.184.216.34',
  pictures6: '2606:4700:4700::1111',
  expired: '93.184.216.35',
  selfSigned: '93.184.216.36',
  closed: '93.184.216.37',
  filtered: '93.184.216.38',
  notTls: '93.184.216.39',
  silent: '93.184.216.40',
  misled: '93.184.216.41',
} as const;

const tls = join(import.meta.dirname, 'tls');

export async function startNetwork(): Promise<Network> {
  const folder = await mkdtemp(join(tmpdir(), 'limner-network-'));
  const listeners = new Map<string, RequestListener>();
  const requests: { host: string; path: string; headers: IncomingHttpHeaders }[] = [];
  let trespasses = 0;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '', 'https://any.example');
    requests.push({ host: request.headers.host ?? '', path: request.url ?? '', headers: request.headers });
    const listener = listeners.get(pathname);
    if (listener) return listener(request, response);
    response.writeHead(404).end();
  };
  const key = await readFile(join(tls, 'server-key.pem'));
  const startTls = async (name: string) => listen(createServer({ key, cert: await readFile(join(tls, name)) }, answer));
  const servers = {
    pictures: await startTls('server.pem'),
    expired: await startTls('expired.pem'),
    selfSigned: await startTls('self-signed.pem'),
    notTls: await listen(createSocketServer((socket) => void socket.end('220 mail.example ESMTP secret-banner\r\n'))),
    silent: await listen(createSocketServer(() => undefined)),
    private: await listen(
      createSocketServer((socket) => {
        trespasses += 1;
        socket.end('HTTP/1.1 200 OK\r\n\r\nsecret');
      }),
    ),
  };
  const closed = await listen(createSocketServer());
  await closed.close();
  const places = {
    [publicPlace.pictures]: { port: servers.pictures.port },
    [publicPlace.pictures6]: { port: servers.pictures.port },
    [publicPlace.expired]: { port: servers.expired.port },
    [publicPlace.selfSigned]: { port: servers.selfSigned.port },
    [publicPlace.notTls]: { port: servers.notTls.port },
    [publicPlace.silent]: { port: servers.silent.port },
    [publicPlace.closed]: { port: closed.port },
    [publicPlace.filtered]: 'never',
    [publicPlace.misled]: { port: servers.pictures.port, peer: '10.0.0.1' },
  };
  const resolve = (names: Record<string, readonly Resolved[]>) => writeFile(join(folder, 'plan.json'), JSON.stringify({ names, places }));
  await resolve({ '*': [[publicPlace.pictures]] });
  const lines = async (name: string) => (await readFile(join(folder, name), 'utf8').catch(() => '')).split('\n').slice(0, -1);
  return {
    env: {
      TEST_NETWORK: folder,
      NODE_OPTIONS: `--import=${new URL('./network.mjs', import.meta.url).href}`,
      NODE_EXTRA_CA_CERTS: join(tls, 'authority.pem'),
    },
    resolve,
    serve: (path, listener) => void listeners.set(path, listener),
    clear: () => listeners.clear(),
    requests,
    trespasses: () => trespasses,
    privatePort: servers.private.port,
    dials: () => lines('dials'),
    lookups: () => lines('lookups'),
    async close() {
      await Promise.all(Object.values(servers).map((server) => server.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const address = z.object({ port: z.number() });

async function listen(server: Server): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // The other side may leave in the middle of anything.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = address.parse(server.address());
  return {
    port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
