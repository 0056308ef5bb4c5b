import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as Client132 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as Transport132 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Client as Client112 } from 'sdk-1.12/client/index.js';
import { StdioClientTransport as Transport112 } from 'sdk-1.12/client/stdio.js';
import { Client as Client117 } from 'sdk-1.17/client/index.js';
import { StdioClientTransport as Transport117 } from 'sdk-1.17/client/stdio.js';
import sharp from 'sharp';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { type Answer, toAnswer } from './answer.ts';
import { built, withKey } from './fixtures.ts';
import { modern, type Raw, test } from './raw.ts';

const tools = ['generate_image', 'edit_image', 'compose_images', 'export_image'];
const fox = { prompt: 'A red fox on a hill' };

/** What every client can do, whatever it is. */
interface Caller {
  list(): Promise<string[]>;
  call(tool: string, args: Record<string, unknown>): Promise<Answer>;
  /** What the message of a prompt begins with. */
  prompt(name: string, args: Record<string, string>): Promise<unknown>;
}

/** The job every client has to get done: see the tools, get a picture, read an error. */
async function doTheJob({ list, call, prompt }: Caller, links: boolean): Promise<void> {
  expect(await list()).toEqual(tools);

  const made = await call('generate_image', fox);
  expect(made.isError, made.text).toBe(false);
  expect(made.blocks).toEqual(links ? ['text', 'image', 'resource_link'] : ['text', 'image']);
  expect(made.text).toMatch(/[^\n]\n$/);
  expect(made.text).toContain(made.file.path);
  const [preview] = made.previews;
  expect(preview?.mimeType).toBe('image/jpeg');
  expect(await sharp(preview?.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 1024 });
  expect(await sharp(await readFile(made.file.path)).metadata()).toMatchObject({ width: made.file.width, height: made.file.height });
  const link = { uri: pathToFileURL(made.file.path).href, audience: ['user'] };
  expect(made.links).toEqual(links ? [link] : []);

  const failed = await call('edit_image', { prompt: 'Make it blue', image: 'nowhere.png' });
  expect(failed).toMatchObject({ isError: true, code: 'not_found', blocks: ['text'] });
  expect(failed.text).toMatch(/nowhere\.png.*\n$/s);

  expect(await prompt('photo', { subject: 'A red fox' })).toMatchObject({
    messages: [{ role: 'user', content: { type: 'text', text: expect.stringContaining('Call generate_image once') } }],
  });
}

interface Connection {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  getPrompt(params: { name: string; arguments: Record<string, string> }): Promise<unknown>;
  close(): Promise<void>;
}

interface Server {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
}

const info = { name: 'limner-clients', version: '1' };

const connectNow = (options?: ClientOptions) => async (server: Server) => {
  const client = new Client(info, options);
  await client.connect(new StdioClientTransport(server));
  return client;
};

/** The three old SDKs differ in their types, not in how they are used. */
function connectOld<T>(
  OldClient: new (client: typeof info) => Connection & { connect(transport: T): Promise<void> },
  OldTransport: new (server: Server) => T,
) {
  return async (server: Server): Promise<Connection> => {
    const client = new OldClient(info);
    await client.connect(new OldTransport(server));
    return client;
  };
}

const clients: readonly { name: string; connect: (server: Server) => Promise<Connection>; links: boolean }[] = [
  { name: 'client 2 as it comes', connect: connectNow(), links: true },
  { name: 'client 2, auto', connect: connectNow({ versionNegotiation: { mode: 'auto' } }), links: true },
  { name: 'client 2, 2026-07-28', connect: connectNow({ versionNegotiation: { mode: { pin: '2026-07-28' } } }), links: true },
  { name: 'SDK 1.32', connect: connectOld(Client132, Transport132), links: true },
  { name: 'SDK 1.17', connect: connectOld(Client117, Transport117), links: true },
  // Throws on a resource_link, and so never gets one.
  { name: 'SDK 1.12', connect: connectOld(Client112, Transport112), links: false },
];

test.for(clients)('$name gets its pictures', async ({ connect, links }, { computer, google }) => {
  const env = { ...computer.env, ...withKey(google) };
  const client = await connect({ command: process.execPath, args: [built], cwd: computer.project, env });
  try {
    const list = async () => (await client.listTools()).tools.map(({ name }) => name);
    const call = async (name: string, args: Record<string, unknown>) => toAnswer(await client.callTool({ name, arguments: args }));
    await doTheJob({ list, call, prompt: async (name, args) => client.getPrompt({ name, arguments: args }) }, links);
  } finally {
    await client.close();
  }
});

test('client 2 meets the era it asks for', async ({ start }) => {
  const modes = [undefined, 'auto', { pin: '2026-07-28' }] as const;
  const options = modes.map((mode) => (mode === undefined ? {} : { options: { versionNegotiation: { mode } } }));
  const limners = await Promise.all(options.map((more) => start(more)));
  expect(limners.map(({ client }) => client.getNegotiatedProtocolVersion())).toEqual(['2025-11-25', '2026-07-28', '2026-07-28']);
});

const listed = z.object({ tools: z.array(z.object({ name: z.string() })) });

async function listRaw(raw: Raw, meta?: object): Promise<string[]> {
  const { result } = await raw.request('tools/list', meta && { _meta: meta });
  return listed.parse(result).tools.map(({ name }) => name);
}

const promptRaw = (raw: Raw, meta?: object) => async (name: string, args: Record<string, string>) =>
  (await raw.request('prompts/get', { name, arguments: args, ...(meta && { _meta: meta }) })).result;

describe('raw JSON-RPC', () => {
  test.for([
    { asked: '2024-11-05', answered: '2024-11-05', links: false },
    { asked: '2025-03-26', answered: '2025-03-26', links: false },
    { asked: '2025-06-18', answered: '2025-06-18', links: true },
    { asked: '2025-11-25', answered: '2025-11-25', links: true },
    { asked: '2026-07-28', answered: '2025-11-25', links: true },
    { asked: '2099-01-01', answered: '2025-11-25', links: true },
  ])('initialize with $asked is answered with $answered', async ({ asked, answered, links }, { raw, google }) => {
    const server = raw(withKey(google));
    const { result } = await server.initialize(asked);
    expect(result).toMatchObject({ protocolVersion: answered, serverInfo: { name: 'limner' }, capabilities: { tools: {} } });
    await doTheJob({ list: () => listRaw(server), call: server.call, prompt: promptRaw(server) }, links);
  });

  test('server/discover and calls in the envelope of 2026-07-28', async ({ raw, google }) => {
    const server = raw(withKey(google));
    const { result } = await server.request('server/discover', { _meta: modern });
    expect(result).toMatchObject({ supportedVersions: ['2026-07-28'], capabilities: { tools: {} } });
    const call = (tool: string, args: Record<string, unknown>) => server.call(tool, args, modern);
    await doTheJob({ list: () => listRaw(server, modern), call, prompt: promptRaw(server, modern) }, true);
    const complete = { resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'limner' } } };
    expect((await server.request('tools/call', { name: 'generate_image', arguments: fox, _meta: modern })).result).toMatchObject(complete);
  });

  test('a call in the envelope of 2026-07-28 needs no discover first', async ({ raw, google }) => {
    const server = raw(withKey(google));
    expect((await server.call('generate_image', fox, modern)).links).toHaveLength(1);
  });

  test('a version nobody knows is refused with those that are known, and initialize works after that', async ({ raw }) => {
    const server = raw();
    const meta = { ...modern, 'io.modelcontextprotocol/protocolVersion': '2027-01-01' };
    const { error } = await server.request('tools/list', { _meta: meta });
    expect(error).toMatchObject({ code: -32022, data: { supported: ['2026-07-28'] } });
    expect((await server.initialize()).result).toMatchObject({ protocolVersion: '2025-11-25' });
  });
});

describe('a client that makes mistakes', () => {
  test.for([
    ['an empty line', '\n\r\n'],
    ['an answer nobody asked for', '{"jsonrpc":"2.0","id":99,"result":{}}\n'],
    ['a notification nobody knows', '{"jsonrpc":"2.0","method":"notifications/unheard_of"}\n'],
    ['the cancelling of a call nobody made', '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"nobody"}}\n'],
  ] as const)('%s on stdin does no harm', async ([, written], { raw }) => {
    const server = raw();
    server.write(written);
    await server.initialize();
    server.write(written);
    expect((await server.request('ping')).result).toEqual({});
    expect(server.messages).toHaveLength(2);
  });

  test.for([
    ['an unknown method', 'images/paint', {}, { code: -32601 }],
    ['an unknown tool', 'tools/call', { name: 'paint_image', arguments: fox }, { code: -32602, message: 'Tool paint_image not found' }],
    ['a call without a tool', 'tools/call', {}, { code: -32602 }],
  ] as const)('%s is a protocol error, and the next call works', async ([, method, params, error], { raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    expect((await server.request(method, params)).error).toMatchObject(error);
    expect((await server.call('generate_image', fox)).isError).toBe(false);
  });

  test('that stops reading ends the server', async ({ raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    server.stdout.destroy();
    for (let count = 0; count < 3; count += 1) server.send({ id: `late-${count}`, method: 'tools/list' });
    expect(await server.exit).toBe(0);
  });
});
