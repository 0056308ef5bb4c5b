import { toNodeHandler } from '@modelcontextprotocol/node';
import { type AuthInfo, createMcpHandler, type McpServer, type Transport } from '@modelcontextprotocol/server';
import { toOutgoingMessage } from '../outgoing.ts';
import type { Redactor } from '../redactor.ts';
import { createServer, readAnswered, wrapArguments } from '../server.ts';
import type { Deps } from '../tool.ts';
import { readBody } from './body.ts';
import type { Turnstile } from './limits.ts';
import { readAsked, readTold } from './observe.ts';
import { busy, type Refusal } from './replies.ts';
import type { Tenant } from './tenants.ts';
import type { Visit } from './visit.ts';

/** Longest message, in bytes: the longest prompt and a hundred paths, several times over. Pictures are uploaded. */
const maxMessageBytes = 1_000_000;

export interface McpEndpoint {
  /** Answers a visit, or says why not. */
  answer(visit: Visit & { tenant: Tenant }): Promise<Refusal | undefined>;
  /** Ends what only listens. */
  close(): Promise<void>;
}

interface EndpointOptions {
  turnstile: Turnstile;
  /** Calls a person has under way at once, where their entry says nothing. */
  callsOf(allowed: Tenant['person']['allowed']): number;
  isDraining(): boolean;
  onError(error: unknown): void;
}

/** Streamable HTTP in both eras of the protocol, without sessions: each request is answered by a server of its own, which has nothing but what is on disk. */
export function createMcpEndpoint({ turnstile, callsOf, isDraining, onError }: EndpointOptions): McpEndpoint {
  const visits = new WeakMap<AuthInfo, { visit: Visit; deps: Deps }>();
  const handler = createMcpHandler(
    ({ authInfo }) => {
      const found = authInfo && visits.get(authInfo);
      if (found === undefined) throw new Error('a request came past the door');
      return screen(createServer(found.deps), found.visit, found.deps);
    },
    { maxRequestBodySize: maxMessageBytes },
  );
  const serve = toNodeHandler(handler, { maxRequestBodySize: maxMessageBytes, onerror: onError });

  async function hand(visit: Visit, deps: Deps, body: Buffer, parsed: unknown): Promise<void> {
    const auth: AuthInfo = { token: '', clientId: visit.tenant?.person.name ?? '', scopes: [] };
    visits.set(auth, { visit, deps });
    const { method = 'GET', url = '/', headers } = visit.request;
    const bytes = async function* () {
      yield body;
    };
    await serve({ method, url, headers: { ...headers }, auth, [Symbol.asyncIterator]: bytes }, visit.response, parsed);
  }

  return {
    async answer(visit) {
      const { request, tenant } = visit;
      const body = await readBody(request, maxMessageBytes);
      if (body === undefined)
        return {
          status: 413,
          why: `A message has at most ${maxMessageBytes} bytes. Upload pictures with PUT /files/NAME and name them by their paths.`,
        };
      if (visit.token !== undefined && body.includes(visit.token))
        return { status: 400, why: 'The message holds your token, which belongs into its header alone. Leave it out.' };
      const parsed = parse(body);
      if (Array.isArray(parsed))
        return { status: 400, why: 'Messages are taken one by one and not as a list, as the protocol has it since 2025-06-18.' };
      const asked = readAsked(parsed);
      if (asked?.tool === undefined) {
        await hand(visit, tenant.deps, body, parsed);
        return undefined;
      }
      visit.tool = asked.tool;
      if (asked.prompt !== undefined) visit.prompt = asked.prompt;
      if (isDraining())
        return { status: 503, why: 'This server is about to stop. Send the same call again in a moment.', headers: { 'retry-after': '2' } };
      const release = await turnstile.enter(tenant.person.name, callsOf(tenant.person.allowed), visit.gone);
      if (release === undefined)
        return busy(5, 'Too many calls are under way or waiting. Send this one again in some seconds; fewer at once get through sooner.');
      const calls: Promise<unknown>[] = [];
      const track = (call: Promise<unknown>) => {
        calls.push(call);
        tenant.deps.track(call);
      };
      // A caller who has gone leaves a call that may be paid for: it goes on, and its place stays taken.
      await hand(visit, { ...tenant.deps, track }, body, parsed).finally(() => void Promise.allSettled(calls).then(release));
      return undefined;
    },
    close: () => handler.close(),
  };
}

/** What is no JSON is left to the SDK to answer. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A server whose messages pass the same door as those over stdio, in the words of this caller, and are noted. */
function screen(server: McpServer, visit: Visit, { config }: Deps): McpServer {
  const connect = server.connect.bind(server);
  const redactor = toRedactor(config);
  server.connect = async (transport: Transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
      if (visit.tool !== undefined) {
        visit.told = readTold(message) ?? visit.told ?? { outcome: 'gone', pictures: 0, dollars: 0 };
        const answer = readAnswered(message);
        if (answer) visit.answered.push({ call: answer.call, told: answer.told });
      }
      return send(toOutgoingMessage(message, redactor), options);
    };
    await connect(transport);
    const receive = transport.onmessage;
    transport.onmessage = (message, extra) => receive?.(wrapArguments(message), extra);
  };
  return server;
}

/** Takes out what nobody may read, then what this caller has no use for. */
export function toRedactor({ redactor, remote }: Deps['config']): Redactor {
  return { ...redactor, redact: (text) => remote?.toTold(redactor.redact(text)) ?? redactor.redact(text) };
}
