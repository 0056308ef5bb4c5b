import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** A tool as a host describes it to its model. */
export interface ListedTool {
  /** As the model has to call it. */
  name: string;
  /** Where the host groups its tools, the group it stands in. */
  group?: string;
  description: string;
  /** JSON Schema of the arguments. */
  schema: unknown;
}

/** The result of a tool call as a host hands it to its model. */
export interface ToolResult {
  text: string;
  /** The pictures' bytes, encoded as they came. */
  pictures: Buffer[];
}

/** What one request shows the model: the tools, and the results so far, in order. */
export interface Turn {
  tools: ListedTool[];
  results: ToolResult[];
}

/** What the model answers. */
export type Reply = { say: string } | { call: ListedTool; args: Record<string, unknown> };

/** One API of language models, as far as hosts speak it. */
export interface Wire {
  /** Matches the path of requests that ask for a turn. */
  path: RegExp;
  /** Reads the body of such a request; throws when it is none. */
  read(body: unknown): Turn;
  /** The data of the events that make up the answer, with their names where the API names them. */
  write(reply: Reply, id: string): readonly { event?: string; data: unknown }[];
}

/** A server in the place of a host's model. */
export interface Model {
  /** Without a path. */
  url: string;
  /** Every turn the host asked for, in order. */
  turns: Turn[];
  /** What it asked for beside turns, as `METHOD path`. */
  others: string[];
  close(): Promise<void>;
}

/** Answers the host's turns by a script; a request without tools (a title, a summary) with a word. */
export async function startModel(wire: Wire, script: (turn: Turn) => Reply): Promise<Model> {
  const [turns, others]: [Turn[], string[]] = [[], []];
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '');
    const body = await text(request);
    if (request.method !== 'POST' || !wire.path.test(path)) {
      others.push(`${request.method} ${path}`);
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"not here"}}');
      return;
    }
    const turn = wire.read(JSON.parse(body));
    if (turn.tools.length === 0) return answer(response, wire, { say: 'A picture' });
    turns.push(turn);
    answer(response, wire, script(turn), turns.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the model has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    turns,
    others,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(response: ServerResponse, wire: Wire, reply: Reply, count = 0): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const { event, data } of wire.write(reply, `call_${count}`)) {
    response.write(`${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  }
  response.end();
}

/** The bytes of a `data:` address in base64; throws for any other. */
export function bytesOfDataUrl(url: string): Buffer {
  const [, base64] = /^data:image\/[a-z]+;base64,(.+)$/s.exec(url) ?? [];
  if (base64 === undefined) throw new Error(`no picture in ${url.slice(0, 60)}`);
  return Buffer.from(base64, 'base64');
}
