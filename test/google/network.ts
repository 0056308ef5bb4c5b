import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';

const tls = join(import.meta.dirname, 'tls');

/** A network whose only way out is a proxy that opens encrypted connections, as in companies: certificates are its own. */
export interface CompanyNetwork {
  /** `http://127.0.0.1:PORT`, or with name and password where it wants them. */
  url: string;
  /** The environment of whoever knows proxy and authority. */
  env: Record<string, string>;
  /** What was asked for, `HOST:PORT`, in order. */
  connects: string[];
  /** Headers that came with those. */
  headers: IncomingMessage['headers'][];
  close(): Promise<void>;
}

export interface CompanyOptions {
  /** What a name leads to: the address of a local server. */
  hosts: Record<string, string>;
  /** Name and password it wants. */
  user?: { name: string; password: string };
  /** What it says to every CONNECT instead of letting it through. */
  refuses?: number;
}

/** The file of its certificate authority. */
const authority = join(tls, 'authority.pem');

export async function startCompany({ hosts, user, refuses }: CompanyOptions): Promise<CompanyNetwork> {
  const open = new Set<Socket>();
  const keep = <S extends Socket>(socket: S): S => {
    open.add(socket);
    return socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
  };
  const connects: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const opener = createTlsServer({ key: readFileSync(join(tls, 'server-key.pem')), cert: readFileSync(join(tls, 'server.pem')) });
  opener.on('secureConnection', (inside: TLSSocket) => {
    keep(inside);
    const target = hosts[inside.servername || '127.0.0.1'];
    if (target === undefined) return inside.destroy();
    const { port } = new URL(target);
    const outside = keep(connect(Number(port), '127.0.0.1'));
    inside.pipe(outside).pipe(inside);
  });
  opener.on('tlsClientError', () => undefined);
  opener.listen(0, '127.0.0.1');
  await once(opener, 'listening');

  const proxy = createServer((_request, response) => response.writeHead(405).end());
  const wanted = user && `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
  proxy.on('connect', (request, socket: Socket) => {
    keep(socket);
    connects.push(request.url ?? '');
    headers.push(request.headers);
    const status = refuses ?? (wanted !== undefined && request.headers['proxy-authorization'] !== wanted ? 407 : 200);
    if (status !== 200) {
      socket.end(
        `HTTP/1.1 ${status} No\r\nproxy-authenticate: Basic realm="company"\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"candidates"`,
      );
      return;
    }
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const inside = keep(connect(portOf(opener), '127.0.0.1'));
    socket.pipe(inside).pipe(socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');

  const place = `127.0.0.1:${portOf(proxy)}`;
  const url = user ? `http://${encodeURIComponent(user.name)}:${encodeURIComponent(user.password)}@${place}` : `http://${place}`;
  return {
    url,
    env: { HTTPS_PROXY: url, NODE_EXTRA_CA_CERTS: authority },
    connects,
    headers,
    async close() {
      for (const socket of open) socket.destroy();
      await Promise.all([proxy, opener].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function portOf(server: { address(): unknown }): number {
  const address = server.address();
  return typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : 0;
}
