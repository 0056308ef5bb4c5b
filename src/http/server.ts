import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { goneStatus } from './books.ts';
import { admit, refuseStrangers } from './door.ts';
import type { RateLimit } from './limits.ts';
import type { LinkReader } from './links.ts';
import type { McpEndpoint } from './mcp.ts';
import type { People } from './people.ts';
import { answerFile, answerImage, takeUpload } from './pictures.ts';
import { busy, type Refusal, refuse } from './replies.ts';
import type { Tenant, Tenants } from './tenants.ts';
import type { Visit } from './visit.ts';

/** A request has to have arrived whole by then, its headers sooner; a connection nobody uses is kept a little longer than proxies keep theirs. In milliseconds. */
const [wholeWithin, headersWithin, idleFor] = [120_000, 10_000, 75_000];

/** More connections than these are not taken. */
const mostConnections = 2000;

interface Doors {
  hostnames: string[];
  people: People;
  readLink: LinkReader | undefined;
  tenants: Tenants;
  rate: RateLimit;
  requestsPerMinute: number;
  mcp: McpEndpoint;
  isDraining(): boolean;
  onError(error: unknown): void;
  /** Told of each request when it comes: what resolves when its answer is out, or its caller gone. */
  began(closed: Promise<unknown>): void;
  /** Told of each request once its answer is out, or its caller gone. */
  ended(visit: Visit, status: number, seconds: number): void;
}

/** The server people reach: MCP, pictures, uploads and whether it is well. It does not listen yet. */
export function createTeamServer(doors: Doors): Server {
  const server = createServer(
    { requestTimeout: wholeWithin, headersTimeout: headersWithin, keepAliveTimeout: idleFor },
    (request, response) => {
      const visit = startVisit(request, response, doors);
      answer(visit, doors).then(
        (refusal) => refusal && refuse(response, refusal, visit.route === 'mcp'),
        (error: unknown) => {
          // Whoever broke off knows, and nobody else has to.
          if (!visit.gone.aborted) doors.onError(error);
          refuse(response, { status: 500, why: 'Internal error of limner; see the server log.' }, visit.route === 'mcp');
        },
      );
    },
  );
  server.maxConnections = mostConnections;
  return server;
}

function startVisit(request: IncomingMessage, response: ServerResponse, { began, ended, isDraining }: Doors): Visit {
  const [start, gone] = [performance.now(), new AbortController()];
  const { 'x-request-id': given } = request.headers;
  // A proxy that numbers requests knows them by that.
  const id = typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomBytes(8).toString('hex');
  const url = toUrl(request.url ?? '/');
  const visit: Visit = { id, request, response, url, route: toRoute(url), gone: gone.signal, answered: [] };
  response.setHeader('x-request-id', id);
  if (isDraining()) response.setHeader('connection', 'close');
  began(
    once(response, 'close').then(() => {
      if (!response.writableFinished) gone.abort();
      ended(visit, response.writableFinished ? response.statusCode : goneStatus, (performance.now() - start) / 1000);
    }),
  );
  return visit;
}

/** What is no address leads nowhere. */
function toUrl(path: string): URL {
  try {
    return new URL(path, 'http://localhost');
  } catch {
    return new URL('http://localhost/');
  }
}

function toRoute({ pathname }: URL): Visit['route'] {
  if (pathname === '/mcp') return 'mcp';
  if (pathname.startsWith('/images/')) return 'images';
  if (pathname.startsWith('/files/')) return 'files';
  return pathname === '/healthz' || pathname === '/readyz' ? 'health' : 'none';
}

async function answer(visit: Visit, doors: Doors): Promise<Refusal | undefined> {
  const { request, url, route } = visit;
  const { method = 'GET', headers } = request;
  if (route === 'health') return answerHealth(visit, doors);
  const stranger = refuseStrangers(headers, doors.hostnames);
  if (stranger) return stranger;
  if (route === 'none') return { status: 404, why: 'There is /mcp, /images/ID and /files/PATH.' };
  const { person, token, refusal } = await admit({ method, headers, url }, doors.people, doors.readLink);
  if (person === undefined) return refusal;
  const wait = doors.rate.take(person.name, person.allowed.requests_per_minute ?? doors.requestsPerMinute);
  if (wait > 0) return busy(wait, `You ask more often than you may. Try again in ${wait} s.`);
  const tenant = await doors.tenants.of(person);
  const guest: Visit & { tenant: Tenant } = Object.assign(visit, { tenant }, token === undefined ? {} : { token });
  if (route === 'mcp') return doors.mcp.answer(guest);
  if (route === 'files' && method === 'PUT') return takeUpload(guest);
  if (method !== 'GET') return { status: 405, why: 'This is only to be read.', headers: { allow: route === 'files' ? 'GET, PUT' : 'GET' } };
  return route === 'files' ? answerFile(guest) : answerImage(guest);
}

/** `/healthz`: it runs. `/readyz`: it takes calls. Nothing else is told, so nobody is asked who they are. */
async function answerHealth({ url, response }: Visit, { people, isDraining }: Doors): Promise<undefined> {
  const isReady =
    !isDraining() &&
    (await people.names().then(
      () => true,
      () => false,
    ));
  const isWell = url.pathname === '/healthz' || isReady;
  response
    .writeHead(isWell ? 200 : 503, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    .end(isWell ? 'ok\n' : 'not ready\n');
}
