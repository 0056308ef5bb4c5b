import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { createAsked } from '../../src/asked.ts';
import { loadConfig } from '../../src/config.ts';
import { open } from '../../src/open.ts';
import { createServer } from '../../src/server.ts';
import type { Deps } from '../../src/tool.ts';
import type { Computer } from '../fixtures.ts';

/** limner's server over HTTP on this computer, for clients that speak nothing else; limner itself is spoken to over stdio alone. */
export interface HttpServer {
  url: string;
  close(): Promise<void>;
}

export async function serveHttp({ project, home, env }: Computer): Promise<HttpServer> {
  const settings = { env: { ...env, LIMNER_BACKEND: 'standin' }, userFile: undefined, userFileMode: undefined, platform: process.platform };
  const config = loadConfig({ ...settings, cwd: project, cwdWritable: true, home });
  const opened = Promise.resolve(open(config, 'conformance'));
  const errors: unknown[] = [];
  const deps: Deps = {
    config,
    open: () => opened,
    notices: [],
    asked: createAsked(),
    gone: new AbortController().signal,
    track: () => undefined,
    logError: (error) => errors.push(error),
  };
  const handler = toNodeHandler(createMcpHandler(() => createServer(deps)));
  const guards = [localhostHostValidation(), localhostOriginValidation()];
  const server = createHttpServer((request, response) => {
    if (!guards.every((guard) => guard(request, response))) return;
    const { method = 'GET', url = '/', headers } = request;
    void handler({ method, url, headers, [Symbol.asyncIterator]: () => request[Symbol.asyncIterator]() }, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    async close() {
      server.close();
      server.closeAllConnections();
      if (errors.length > 0) throw errors[0];
    },
  };
}
