import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client as Client132 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport132 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client as Client112 } from 'sdk-1.12/client/index.js';
import { StreamableHTTPClientTransport as Transport112 } from 'sdk-1.12/client/streamableHttp.js';
import { describe, expect, vi } from 'vitest';
import { createRemote } from '../src/http/told.ts';
import { remoteWords } from '../src/http/words.ts';
import { toAnswer } from './answer.ts';
import { photo, test as plain, withKey } from './fixtures.ts';
import { bytesOf } from './google/index.ts';
import { arrived, held, runCli, small } from './raw.ts';
import { askRaw, connect, makeToken, post, startTeam, test, toHeaders, tokensOf } from './team.ts';

const secretArgs = async (home: string) => {
  const file = join(home, 'links.secret');
  await writeFile(file, 'not-a-secret-but-long-enough-for-one', { mode: 0o600 });
  return ['--link-secret', file];
};

describe.for(['legacy', 'modern'] as const)('a client of the %s era', (era) => {
  test('makes, edits and reads a picture, and is told nothing of the disk', async ({ computer, google, serve }) => {
    const token = await makeToken(computer, 'ada');
    const { url } = await serve();
    const { client, call } = await connect(url, token, era);
    expect(client.getNegotiatedProtocolVersion()).toBe(era === 'modern' ? '2026-07-28' : '2025-11-25');
    const steps: string[] = [];
    const fox = await call('generate_image', { prompt: 'A red fox' }, { onprogress: ({ message }) => steps.push(message ?? '') });
    expect(fox.file).toMatchObject({ path: 'red-fox.jpg', url: null, original: `limner://images/${fox.file.id}` });
    expect(fox.text).toContain(`Resource limner://images/${fox.file.id}/file\n`);
    expect(fox.links).toEqual([{ uri: `limner://images/${fox.file.id}/file`, audience: ['user'] }]);
    expect(steps.join()).toMatch(/is painting/);
    const [content] = (await client.readResource({ uri: fox.links[0]?.uri ?? '' })).contents;
    const [request] = google.requests;
    const bytes = request && (await bytesOf(small, request));
    expect(Buffer.from(content && 'blob' in content ? content.blob : '', 'base64')).toEqual(bytes);

    const night = await call('edit_image', { prompt: 'Make it night', image: 'last', output: 'art/night.png' });
    expect(night.file.path).toBe('art/night.png');
    expect(night.text).toContain(`Edited from ${fox.file.id}, red-fox.jpg`);
    const icons = await call('export_image', { images: ['art/night.png'], width: 100, output: 'art/small.webp' });
    expect(icons.exported.files).toMatchObject([{ path: 'art/small.webp' }]);
    const failures = [
      await call('edit_image', { prompt: 'x', image: 'nowhere.png' }),
      await call('generate_image', { prompt: 'x', output: 'art/night.png' }),
      await call('edit_image', { prompt: 'x', image: '/etc/passwd' }),
      await call('export_image', { images: ['art/night.png'], output: `${'d'.repeat(230)}/${'e'.repeat(230)}/../../../../x.png` }),
    ];
    const dry = await call('generate_image', { prompt: 'x', dry_run: true, output: 'there.png' });
    const catalogue = await client.readResource({ uri: 'limner://images' });
    const texts = [fox, night, icons, dry, ...failures].map(({ text }) => text);
    const said = JSON.stringify([texts, catalogue, dry.plan, icons.exported, fox.facts, night.facts]);
    expect(said).not.toContain(computer.state);
    expect(said).not.toContain(computer.home);
    expect(said).not.toMatch(/file:\/\/|LIMNER_ALLOWED_DIRS/);
    await client.close();
  });
});

interface OldCaller {
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

const oldClients: readonly [string, number, (url: URL, token: string) => Promise<OldCaller>][] = [
  [
    '1.32',
    1,
    async (url, token) => {
      const client = new Client132({ name: 'v1', version: '1' });
      // Its own types do not fit each other where an optional property may not be undefined.
      await Reflect.apply(client.connect, client, [new Transport132(url, { requestInit: { headers: toHeaders(token) } })]);
      return client;
    },
  ],
  [
    '1.12',
    0,
    async (url, token) => {
      const client = new Client112({ name: 'v1', version: '1' });
      await Reflect.apply(client.connect, client, [new Transport112(url, { requestInit: { headers: toHeaders(token) } })]);
      return client;
    },
  ],
];

test.for(oldClients)('a client of SDK %s is served', async ([, links, connectOld], { computer, serve }) => {
  const token = await makeToken(computer, 'ada');
  const { url } = await serve();
  const client = await connectOld(new URL(`${url}/mcp`), token);
  const answer = toAnswer(await client.callTool({ name: 'generate_image', arguments: { prompt: 'A red fox' } }));
  expect([answer.file.path, answer.links.length]).toEqual(['red-fox.jpg', links]);
  await client.close();
});

test('what is listed is true for callers elsewhere, and as it was for those here', async ({ computer, serve, limner }) => {
  const token = await makeToken(computer, 'ada');
  const { url } = await serve();
  const { client } = await connect(url, token);
  const [here, elsewhere] = [limner.client, client].map(
    async (each) => `${each.getInstructions()} ${JSON.stringify(await each.listTools())}`,
  );
  for (const [local, remote] of remoteWords) {
    expect(await here, local).toContain(local);
    expect(await elsewhere, remote).toContain(remote);
  }
  expect(await elsewhere).not.toMatch(/absolute path|project folder|on this computer, free|output folder/);
});

describe('who is let in', () => {
  test('nobody without a token that is good', async ({ computer, google, serve }) => {
    await makeToken(computer, 'ada');
    const { url } = await serve();
    for (const token of [undefined, '', 'limner_', `limner_${'A'.repeat(43)}`, 'x'.repeat(600)]) {
      const response = await post(url, token, 'tools/list');
      expect([response.status, response.headers.get('www-authenticate')], token).toEqual([401, 'Bearer realm="limner"']);
      expect(await response.json()).toMatchObject({
        jsonrpc: '2.0',
        error: { message: expect.stringMatching(/Authorization: Bearer TOKEN/) },
      });
    }
    for (const path of ['/images/img_aaaaaaaaaaaaaaaa', '/files/fox.png']) expect((await fetch(`${url}${path}`)).status).toBe(401);
    expect((await fetch(`${url}/files/fox.png`, { method: 'PUT', body: 'x' })).status).toBe(401);
    expect(google.requests).toEqual([]);
  });

  test('people come and go without a restart, and a file that others can read lets nobody in', async ({ computer, serve }) => {
    const ada = await makeToken(computer, 'ada');
    const team = await serve();
    const status = async (token: string) => (await post(team.url, token, 'tools/list')).status;
    expect(await status(ada)).toBe(200);
    const make = async (...args: string[]) =>
      (await runCli(computer, ['serve', 'token', ...args, '--tokens', tokensOf(computer)])).stdout.trim();
    const bob = await make('bob', '--usd-per-day', '2.5');
    const again = await make('ada');
    expect([await status(ada), await status(again), await status(bob)]).toEqual([401, 200, 200]);
    expect(JSON.parse(await readFile(tokensOf(computer), 'utf8'))).toMatchObject({ bob: { usd_per_day: 2.5 } });
    await make('bob', '--remove');
    expect([await status(again), await status(bob)]).toEqual([200, 401]);
    await chmod(tokensOf(computer), 0o644);
    expect([await status(again), (await fetch(`${team.url}/readyz`)).status, (await fetch(`${team.url}/healthz`)).status]).toEqual([
      503, 503, 200,
    ]);
    expect(team.log().find(({ event }) => event === 'nobody is let in')).toMatchObject({ what: expect.stringMatching(/chmod 600/) });
    await chmod(tokensOf(computer), 0o600);
    expect([await status(again), (await fetch(`${team.url}/readyz`)).status]).toEqual([200, 200]);
    const kept = await readFile(tokensOf(computer), 'utf8');
    for (const token of [ada, bob, again]) {
      expect(token).toMatch(/^limner_[\w-]{43}$/);
      expect(kept + team.output()).not.toContain(token.slice(7));
    }
  });

  test('nobody under another name of the server, and no page of elsewhere', async ({ computer, serve }) => {
    const token = await makeToken(computer, 'ada');
    const { url } = await serve('--url', 'https://limner.example.com');
    const own = { ...toHeaders(token), accept: 'application/json, text/event-stream' };
    const ask = async (headers: Record<string, string>) => (await askRaw(`${url}/mcp`, { ...own, ...headers })).status;
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:8720', 'limner.example.com.evil.example'])
      expect(await ask({ host }), host).toBe(403);
    for (const origin of ['https://evil.example', 'http://limner.example.com.evil.example', 'null', 'not an origin'])
      expect(await ask({ origin }), origin).toBe(403);
    for (const host of ['limner.example.com', '127.0.0.1:1', 'localhost', '[::1]:8720']) expect(await ask({ host }), host).toBe(200);
    expect(await ask({ host: 'limner.example.com', origin: 'https://limner.example.com' })).toBe(200);
    expect((await askRaw(`${url}/healthz`, { host: '10.0.0.7' }, 'GET')).body).toBe('ok\n');
  });

  test.for([
    [['--host', '0.0.0.0'], /this computer alone.*limner serve token NAME/],
    [['--tokens', 'nothing.json'], /There is no file/],
    [['--tokens', 'empty.json'], /names nobody/],
    [['--tokens', 'open.json'], /open to others.*chmod 600/],
    [['--tokens', 'typo.json'], /"ada" is wrong.*usd_per_dai/],
    [['--tokens', 'good.json', '--link-secret', 'open.json'], /open to others/],
    [['--tokens', 'good.json', '--link-secret', 'short'], /fewer than 32 bytes/],
    [['--url', 'http://limner.example.com'], /must be the https address/],
    [['--port', '70000'], /from 0 to 65535/],
  ] as const)('it does not begin with %j', async ([args, why], { computer, google }) => {
    const entry = { sha256: '0'.repeat(64) };
    const files = {
      'empty.json': {},
      'open.json': { ada: entry },
      'good.json': { ada: entry },
      'typo.json': { ada: { ...entry, usd_per_dai: 1 } },
    };
    for (const [name, content] of Object.entries(files))
      await chmod(await computer.write(name, JSON.stringify(content)), name === 'open.json' ? 0o644 : 0o600);
    await chmod(await computer.write('short', 'short'), 0o600);
    const { code, stdout, stderr } = await runCli(computer, ['serve', '--http', ...args], withKey(google));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(why);
  });
});

test('one person gets nothing of another’s', async ({ computer, google, serve }) => {
  const [ada, bob] = [await makeToken(computer, 'ada'), await makeToken(computer, 'bob')];
  const { url } = await serve(...(await secretArgs(computer.home)));
  const [hers, his] = [await connect(url, ada), await connect(url, bob)];
  const { file } = await hers.call('generate_image', { prompt: 'A red fox', output: 'fox.jpg' });
  const inSpace = join(computer.state, 'people', 'ada', 'files', 'fox.jpg');
  await readFile(inSpace);

  const ways = [file.id, `limner://images/${file.id}`, 'fox.jpg', '../../ada/files/fox.jpg', inSpace, `file://${inSpace}`, 'last'];
  for (const image of ways) {
    const answer = await his.call('edit_image', { prompt: 'Mine', image });
    expect(['not_found', 'not_allowed'], image).toContain(answer.code);
    expect(answer.text, image).not.toContain(computer.state);
  }
  // What is there and what is not is refused in the same words.
  const outside = await Promise.all(
    ['../../ada/files/fox.jpg', '../../ada/files/no.jpg'].map((image) => his.call('edit_image', { prompt: 'Mine', image })),
  );
  expect(outside[0]?.text.replace('fox', 'no')).toBe(outside[1]?.text);
  expect((await his.call('generate_image', { prompt: 'Mine', output: '../../ada/files/mine.jpg' })).code).toBe('not_allowed');
  await expect(his.client.readResource({ uri: file.uri ?? '' })).rejects.toThrow(/knows no picture/);
  expect((await his.client.listResources()).resources).toHaveLength(2);
  const ref = { type: 'ref/resource', uri: 'limner://images/{id}' } as const;
  expect((await his.client.complete({ ref, argument: { name: 'id', value: '' } })).completion.values).toEqual([]);
  for (const path of [`/images/${file.id}`, `/images/${file.id}/preview`, '/files/fox.jpg', '/files/..%2F..%2Fada%2Ffiles%2Ffox.jpg'])
    expect([403, 404], path).toContain((await fetch(`${url}${path}`, { headers: toHeaders(bob) })).status);
  expect(google.requests).toHaveLength(1);

  // The same call of hers, whose answer she lost, is not his answer.
  const { answer, release } = held();
  google.next(answer);
  const given = { name: 'generate_image', arguments: { prompt: 'A lost fox' } };
  const leaving = new AbortController();
  const lost = post(url, ada, 'tools/call', given, leaving.signal).catch(() => undefined);
  await arrived(google, 2);
  leaving.abort();
  await lost;
  release();
  const [mine] = [await his.call('generate_image', given.arguments)];
  expect([mine.facts.late, mine.facts.unclaimed, google.requests.length]).toEqual([null, [], 3]);
  const late = await vi.waitFor(async () => hers.call('generate_image', given.arguments));
  expect([late.facts.late === null, google.requests.length]).toEqual([false, 3]);
  await Promise.all([hers.client.close(), his.client.close()]);
});

test('links are good for one picture, one person and a while', async ({ computer, serve }) => {
  const token = await makeToken(computer, 'ada');
  await makeToken(computer, 'bob');
  const team = await serve(...(await secretArgs(computer.home)));
  const other = await serve(...(await secretArgs(computer.home)));
  const { call, client } = await connect(team.url, token);
  const { file, text } = await call('generate_image', { prompt: 'A red fox', count: 1 });
  const link = new URL(file.url ?? '');
  expect(text).toMatch(/download \(until \d{4}-\d\d-\d\d \d\d:\d\d UTC\): http/);
  const get = async (change: (url: URL) => void = () => undefined) => {
    const url = new URL(link);
    change(url);
    return fetch(url);
  };
  const response = await get();
  expect([response.status, response.headers.get('content-type'), (await response.arrayBuffer()).byteLength]).toEqual([
    200,
    'image/jpeg',
    file.bytes,
  ]);
  // Any process with the secret takes it.
  expect((await get((url) => Object.assign(url, { host: new URL(other.url).host }))).status).toBe(200);
  const second = (await call('generate_image', { prompt: 'A blue fox' })).file;
  const changes: ((url: URL) => void)[] = [
    ({ searchParams }) => searchParams.set('for', 'bob'),
    ({ searchParams }) => searchParams.set('until', String(Number(searchParams.get('until')) + 3600)),
    ({ searchParams }) => searchParams.set('until', '1'),
    ({ searchParams }) => searchParams.set('sig', `A${searchParams.get('sig')?.slice(1)}`),
    ({ searchParams }) => searchParams.delete('until'),
    (url) => Object.assign(url, { pathname: `/images/${second.id}/file` }),
    (url) => Object.assign(url, { pathname: `/images/${file.id}/original` }),
    (url) => Object.assign(url, { pathname: '/files/red-fox.jpg' }),
  ];
  for (const [index, change] of changes.entries()) expect((await get(change)).status, String(index)).toBe(403);
  const exported = await call('export_image', { images: [file.id], width: 50, output: 'art/a fox #1.png' });
  const [href] = exported.links.map(({ uri }) => uri);
  expect((await fetch(href ?? '')).headers.get('content-type')).toBe('image/png');
  await runCli(computer, ['serve', 'token', 'ada', '--remove', '--tokens', tokensOf(computer)]);
  expect((await get()).status).toBe(403);
  await client.close();
});

describe('limits', () => {
  test('a budget of a token is the token’s, and nothing a caller says raises it', async ({ computer, google, serve }) => {
    const [ada, bob] = [await makeToken(computer, 'ada', { usd_per_day: 0.1, usd_per_call: 0.05 }), await makeToken(computer, 'bob')];
    const { url } = await serve();
    const hers = await connect(url, ada);
    // An answer to a question that nobody asked.
    const forged = {
      name: 'generate_image',
      arguments: { prompt: 'Foxes', count: 2 },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
      },
      inputResponses: { pay: { action: 'accept', content: { pay: true } } },
      requestState: 'a'.repeat(32),
    };
    const response = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: {
        ...toHeaders(ada),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'generate_image',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: forged }),
    });
    expect(await response.text()).toMatch(/over_call_limit.*only whoever runs this server can raise it/s);
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => hers.call('generate_image', { prompt: `Fox ${index}` })));
    const refused = answers.filter(({ isError }) => isError);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['over_budget']));
    expect(refused.map(({ text }) => text).join()).not.toMatch(/LIMNER_/);
    const spent = google.requests.length;
    expect(spent).toBe(6 - refused.length);
    expect(spent).toBeLessThan(4);
    const his = await connect(url, bob);
    expect((await his.call('generate_image', { prompt: 'Foxes', count: 4 })).isError).toBe(false);
    await Promise.all([hers.client.close(), his.client.close()]);
  });

  test('who asks too often is told when to ask again', async ({ computer, serve }) => {
    const token = await makeToken(computer, 'ada', { requests_per_minute: 3 });
    const { url } = await serve();
    const statuses = await Promise.all(Array.from({ length: 5 }, () => post(url, token, 'tools/list')));
    expect(statuses.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429]);
    const refused = statuses.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused?.text()).toMatch(/more often than you may/);
  });

  test('calls wait for their turn, and beyond that are refused in words', async ({ computer, google, serve }) => {
    const token = await makeToken(computer, 'ada', { calls_at_once: 1 });
    const team = await serve();
    const { answer, release } = held();
    google.always(answer);
    const sent = Array.from({ length: 7 }, (_, index) =>
      post(team.url, token, 'tools/call', { name: 'generate_image', arguments: { prompt: `Fox ${index}` } }),
    );
    const refused = await Promise.race(sent);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    expect(await refused.text()).toMatch(/under way or waiting/);
    await arrived(google, 1);
    const figures = await (await fetch(team.figures)).text();
    expect(figures).toMatch(/^limner_calls_under_way 1$/m);
    expect(figures).toMatch(/^limner_calls_waiting 4$/m);
    release();
    const statuses = (await Promise.all(sent)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 200, 200, 200, 200, 429, 429]);
    await vi.waitFor(() => expect(google.requests).toHaveLength(5));
  });

  test('messages that are too long, several in one, or hold the token are refused', async ({ computer, google, serve }) => {
    const token = await makeToken(computer, 'ada');
    const { url } = await serve();
    const send = (body: string, type = 'application/json') =>
      fetch(`${url}/mcp`, {
        method: 'POST',
        headers: { ...toHeaders(token), 'content-type': type, accept: 'application/json, text/event-stream' },
        body,
      });
    const call = (prompt: string) =>
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'generate_image', arguments: { prompt } } });
    expect((await send(call('x'.repeat(1_000_000)))).status).toBe(413);
    expect((await send(`[${call('a')},${call('b')}]`)).status).toBe(400);
    expect(await (await send(call(`My token is ${token}`))).text()).toMatch(/holds your token/);
    expect((await send('{"jsonrpc"')).status).toBe(400);
    expect((await send(call('a'), 'text/plain')).status).toBe(415);
    expect((await fetch(`${url}/mcp`, { headers: toHeaders(token) })).status).toBe(405);
    expect(google.requests).toEqual([]);
  });
});

test('a picture is uploaded, used by its path, and never replaced', async ({ computer, google, serve }) => {
  const token = await makeToken(computer, 'ada');
  const { url } = await serve();
  const put = (path: string, body: Uint8Array | string) =>
    fetch(`${url}/files/${path}`, { method: 'PUT', headers: toHeaders(token), body: Buffer.from(body) });
  const picture = await photo(300, 200);
  const response = await put('art/my%20fox.png', picture);
  expect([response.status, await response.json()]).toEqual([
    201,
    { path: 'art/my fox.png', width: 300, height: 200, format: 'png', bytes: picture.length },
  ]);
  expect((await put('art/my%20fox.png', picture)).status).toBe(200);
  const refusals: [string, Uint8Array | string, number, RegExp][] = [
    ['art/my%20fox.png', await photo(30, 20), 409, /there already/],
    ['fox.jpg', picture, 415, /another kind, png.*Name it \.png/],
    ['fox.png', 'no picture', 415, /fox\.png/],
    ['fox.txt', picture, 415, /\.png/],
    ['fox', picture, 400, /ends in \.jpg/],
    ['..%2F..%2Fbob%2Ffiles%2Ffox.png', picture, 403, /outside your space/],
    ['%2Ftmp%2Ffox.png', picture, 403, /outside your space/],
    ['.git/fox.png', picture, 403, /hidden/],
    ['%ff.png', picture, 400, /encoded/],
    ['big.png', Buffer.alloc(20_000_001), 413, /at most 20\.0 MB/],
  ];
  for (const [path, body, status, why] of refusals) {
    const refused = await put(path, body);
    expect([refused.status, await refused.text()], path).toEqual([status, expect.stringMatching(why)]);
  }
  const { call, client } = await connect(url, token);
  const night = await call('edit_image', { prompt: 'Make it night', image: 'art/my fox.png' });
  expect(night.facts.parents).toEqual([{ id: null, path: 'art/my fox.png' }]);
  expect(google.requests).toHaveLength(1);
  const back = await fetch(`${url}/files/art/my%20fox.png`, { headers: toHeaders(token) });
  expect(Buffer.from(await back.arrayBuffer())).toEqual(picture);
  expect(back.headers.get('content-security-policy')).toMatch(/sandbox/);
  const files = await readdir(join(computer.state, 'people', 'ada', 'files'), { recursive: true });
  expect(files.filter((name) => name.endsWith('.png'))).toEqual(['art/my fox.png']);
  await client.close();
});

describe('when it is told to stop', () => {
  test('what is under way or waits is finished and answered, and nothing new begins', async ({ computer, google, serve }) => {
    const token = await makeToken(computer, 'ada', { calls_at_once: 1 });
    const team = await serve();
    const { answer, release } = held();
    google.always(answer);
    const calls = ['A fox', 'An owl'].map((prompt) =>
      post(team.url, token, 'tools/call', { name: 'generate_image', arguments: { prompt } }),
    );
    await vi.waitFor(async () => expect(await (await fetch(team.figures)).text()).toMatch(/^limner_calls_waiting 1$/m));
    await arrived(google, 1);
    const ended = team.stop();
    await vi.waitFor(() => expect(team.log().some(({ event }) => event === 'draining')).toBe(true));
    await expect(post(team.url, token, 'tools/list')).rejects.toThrow();
    release();
    const texts = await Promise.all(calls.map(async (call) => (await call).text()));
    expect(texts.map((text) => /"path":"(\w+)\.jpg"/.exec(text)?.[1]).sort()).toEqual(['fox', 'owl']);
    expect(await ended).toBe(0);
    const events = ['sent', 'arrived', 'finished', 'answered'];
    expect((await readLedger(computer.state, 'ada')).sort()).toEqual([...events, ...events].sort());
  });

  test('what takes too long is given up, and entered as perhaps billed', async ({ computer, google, serve }) => {
    const token = await makeToken(computer, 'ada');
    const team = await serve('--drain', '1');
    const { answer, release } = held();
    google.next(answer);
    const call = post(team.url, token, 'tools/call', { name: 'generate_image', arguments: { prompt: 'A fox' } }).then((response) =>
      response.text(),
    );
    call.catch(() => undefined);
    await arrived(google, 1);
    expect(await team.stop()).toBe(0);
    await expect(call).rejects.toThrow();
    release();
    expect(await readLedger(computer.state, 'ada')).toEqual(expect.arrayContaining(['sent', 'failed']));
  });
});

async function readLedger(state: string, name: string): Promise<string[]> {
  const folder = join(state, 'people', name, 'state', 'ledger');
  const [day = ''] = await readdir(folder);
  const lines = (await readFile(join(folder, day), 'utf8')).trim().split('\n');
  return lines.map((line) => String(JSON.parse(line).event));
}

test('figures and the log tell of calls, not of prompts, tokens or, unasked, names', async ({ computer, serve }) => {
  const token = await makeToken(computer, 'ada');
  const [quiet, open] = [await serve(...(await secretArgs(computer.home))), await serve('--log-prompts', '--metrics-names')];
  for (const team of [quiet, open]) {
    const { call, client } = await connect(team.url, token);
    const made = await call('generate_image', { prompt: `A secret heron of ${team.url}` });
    await call('edit_image', { prompt: 'A secret heron', image: 'nowhere.png' });
    await fetch(made.file.url ?? `${team.url}/images/${made.file.id}`, made.file.url ? {} : { headers: toHeaders(token) });
    await client.close();
    await vi.waitFor(() =>
      expect(team.log().filter(({ event, status }) => event === 'request' && status === 200).length).toBeGreaterThan(3),
    );
  }
  const figures = await (await fetch(quiet.figures)).text();
  expect(figures).toMatch(/^limner_calls_total\{tool="generate_image",outcome="ok"\} 1$/m);
  expect(figures).toMatch(/^limner_calls_total\{tool="edit_image",outcome="not_found"\} 1$/m);
  expect(figures).toMatch(/^limner_pictures_total\{tool="generate_image"\} 1$/m);
  expect(figures).toMatch(/^limner_dollars_total\{tool="generate_image"\} 0\.0\d+$/m);
  expect(figures).toMatch(/^limner_call_seconds_count\{tool="generate_image"\} 1$/m);
  expect(figures).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
  expect(figures).not.toMatch(/ada|heron/);
  expect((await askRaw(quiet.figures, { host: 'evil.example' }, 'GET')).status).toBe(404);
  expect((await fetch(`${quiet.url}/metrics`)).status).toBe(404);
  expect(await (await fetch(open.figures)).text()).toMatch(/limner_dollars_total\{tool="generate_image",person="ada"\}/);
  expect(quiet.log().find(({ tool }) => tool === 'generate_image')).toMatchObject({
    level: 'info',
    request: expect.stringMatching(/^[0-9a-f]{16}$/),
    person: 'ada',
    status: 200,
    outcome: 'ok',
    pictures: 1,
    call: expect.stringMatching(/^call_/),
  });
  expect(quiet.output()).not.toMatch(/heron|sig=/);
  expect(open.output()).toMatch(/A secret heron/);
  for (const team of [quiet, open]) expect(team.output()).not.toContain(token);
});

plain('without tokens it serves this computer, as one person', async ({ computer, google }) => {
  const team = await startTeam(computer, [], withKey(google));
  const { call, client } = await connect(team.url, '');
  expect((await call('generate_image', { prompt: 'A fox' })).file.path).toBe('fox.jpg');
  expect(await readdir(join(computer.state, 'people'))).toEqual(['local']);
  expect(team.log()).toContainEqual(expect.objectContaining({ event: 'no tokens' }));
  await client.close();
  expect(await team.stop()).toBe(0);
});

test('texts for callers elsewhere name nothing of the disk, wherever a path was cut', () => {
  const space = { files: '/srv/limner/people/ada/files', state: '/srv/limner/people/ada/state' };
  const { toTold } = createRemote('ada', '/srv/limner/people', space, undefined);
  const rows = [
    ['/srv/limner/people/ada/files/art/fox.png and more', 'art/fox.png and more'],
    ['file:///srv/limner/people/ada/files/a%20b.png', 'a%20b.png'],
    ['in /srv/limner/people/ada/files yet', 'in your space yet'],
    ['at /srv/limner/people/ada/state/images/img_aaaaaaaaaaaaaaaa.jpg.', 'at limner://images/img_aaaaaaaaaaaaaaaa.'],
    ['/srv/limner/people/ada/state/replaced/x-fox.png', "limner's archive/replaced/x-fox.png"],
    ['/srv/limner/people/bob/files/fox.png', 'the server/bob/files/fox.png'],
    ['…imner/people/ada/files/fox.png', '…fox.png'],
    ['no path at all', 'no path at all'],
  ] as const;
  for (const [text, told] of rows) expect(toTold(text)).toBe(told);
});
