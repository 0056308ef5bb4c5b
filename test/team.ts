import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { changePeople, type Entry, hashToken, newToken } from '../src/http/token-file.ts';
import { type Answer, toAnswer } from './answer.ts';
import { test as base, built, type CallOptions, type Computer, withKey } from './fixtures.ts';
import { answers, type Google, startGoogle } from './google/index.ts';
import { small } from './raw.ts';

/** A server for a team, as it is started. */
export interface Team {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** The same of the figures. */
  figures: string;
  child: ChildProcess;
  /** The lines of the log so far. */
  log(): LogLine[];
  /** Everything it wrote. */
  output(): string;
  /** Resolves with the exit code. */
  stop(): Promise<number | null>;
}

const logLine = z.looseObject({ time: z.iso.datetime(), level: z.enum(['info', 'warn', 'error']), event: z.string() });
type LogLine = z.infer<typeof logLine>;

/** Starts one on this computer; resolves once it listens. */
export async function startTeam(computer: Computer, args: readonly string[], env: Record<string, string>, program = built): Promise<Team> {
  const child = spawn(process.execPath, [program, 'serve', '--http', '--port', '0', '--metrics', '0', ...args], {
    cwd: computer.project,
    env: { ...computer.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [lines, log]: [string[], LogLine[]] = [[], []];
  const exit = once(child, 'close').then(([code]) => z.number().nullable().parse(code));
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (line.startsWith('{')) log.push(logLine.parse(JSON.parse(line)));
  });
  const listening = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    void exit.then(() => reject(new Error(`the server ended: ${lines.join('\n')}`)));
  });
  const url = (await listening).replace(/\/mcp$/, '');
  const figures = z.string().parse(log.find(({ event }) => event === 'listening')?.metrics);
  return {
    url,
    figures,
    child,
    log: () => log,
    output: () => lines.join('\n'),
    stop() {
      child.kill('SIGTERM');
      return exit;
    },
  };
}

/** The file of tokens of a computer. */
export const tokensOf = ({ home }: Computer) => join(home, 'tokens.json');

/** Makes a token as `limner serve token` does. */
export async function makeToken(computer: Computer, name: string, limits: Omit<Entry, 'sha256'> = {}): Promise<string> {
  const token = newToken();
  await changePeople(tokensOf(computer), name, { ...limits, sha256: hashToken(token).toString('hex') });
  return token;
}

/** Somebody who calls, with a real client. */
export interface Caller {
  client: Client;
  call(tool: string, args: Record<string, unknown>, options?: CallOptions): Promise<Answer>;
}

const eras = { legacy: {}, modern: { versionNegotiation: { mode: { pin: '2026-07-28' } } } } as const;

export async function connect(url: string, token: string, era: keyof typeof eras = 'modern'): Promise<Caller> {
  const options: ClientOptions = eras[era];
  const client = new Client({ name: 'team-test', version: '1' }, options);
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers: toHeaders(token) } }));
  return {
    client,
    call: async (name, args, callOptions = {}) =>
      toAnswer(await client.callTool({ name, arguments: args }, { timeout: 60_000, ...callOptions })),
  };
}

export const toHeaders = (token: string) => ({ authorization: `Bearer ${token}` });

/** What is posted to `/mcp` by a client of 2025-11-25. */
export function post(url: string, token: string | undefined, method: string, params: object = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      ...(token === undefined ? {} : toHeaders(token)),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    ...(signal && { signal }),
  });
}

/** Asks with headers `fetch` would not let one choose. */
export async function askRaw(url: string, headers: Record<string, string>, method = 'POST'): Promise<{ status: number; body: string }> {
  const sent = request(url, { method, headers: { 'content-type': 'application/json', ...headers } });
  sent.end(method === 'GET' ? undefined : '{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, body: await text(response) };
}

interface Fixtures {
  google: Google;
  /** Starts servers with the tokens of this computer; stopped after the test. */
  serve(...args: readonly string[]): Promise<Team>;
}

/** Tests of a server for a team, with a Google that draws light pictures. */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  google: async ({}, use) => {
    const google = await startGoogle();
    google.always(answers.picture(small));
    await use(google);
    await google.close();
  },
  serve: async ({ computer, google }, use) => {
    const started: Team[] = [];
    await use(async (...args) => {
      const team = await startTeam(computer, ['--tokens', tokensOf(computer), ...args], withKey(google));
      started.push(team);
      return team;
    });
    await Promise.all(started.map((team) => team.stop()));
  },
});
