import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { type Computer, withKey } from './fixtures.ts';
import { type Answer, answers, bytesOf, type Google, testKey } from './google/index.ts';
import { type Message, modern, type Raw, test } from './raw.ts';

const fox = { prompt: 'A red fox on a hill' };
const small = { width: 256, height: 192, signatureBytes: 0 };

/** A good answer that waits until it is let go. */
function held(): { answer: Answer; release: () => void } {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { release, answer: async (request) => gate.then(() => answers.picture(small)(request)) };
}

const arrived = (google: Google, count: number) => vi.waitFor(() => expect(google.requests).toHaveLength(count), { timeout: 10_000 });

const progressOf = ({ messages }: Raw) => messages.filter(({ method }) => method === 'notifications/progress');
const wordsOf = (message: Message) => String(message.params?.message);

async function originalsOf({ state }: Computer): Promise<Buffer[]> {
  const folder = join(state, 'originals');
  const names = await readdir(folder).catch(() => []);
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}

/** Waits for exactly the pictures Google drew for these requests, byte for byte, in the state folder. */
async function isKept(computer: Computer, google: Google): Promise<void> {
  const sent = await Promise.all(google.requests.map((request) => bytesOf(small, request)));
  await vi.waitFor(async () => expect(await originalsOf(computer)).toEqual(sent), { timeout: 10_000 });
}

describe('stdout carries JSON-RPC and nothing else', () => {
  test('with every variable set that Google’s SDK knows; the Gemini API is still the one that is asked', async ({ raw, google }) => {
    const server = raw({
      ...withKey(google),
      GOOGLE_API_KEY: 'another-key-9876543210',
      GOOGLE_GENAI_USE_VERTEXAI: 'true',
      GOOGLE_GENAI_USE_ENTERPRISE: 'true',
      GOOGLE_CLOUD_PROJECT: 'a-project',
      GOOGLE_CLOUD_LOCATION: 'europe-west4',
    });
    await server.initialize();
    const answer = await server.call('generate_image', fox);
    expect(answer.isError, answer.text).toBe(false);
    expect(answer.text).toContain('GEMINI_API_KEY is used');
    expect(google.requests).toMatchObject([{ apiKey: testKey, apiVersion: 'v1beta' }]);
    expect(google.others).toEqual([]);
  });

  test('and a reader of it that goes away ends the server', async ({ raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    server.stopReading();
    for (let count = 0; count < 3; count += 1) server.send({ id: `late-${count}`, method: 'tools/list' });
    expect(await server.exit).toBe(0);
  });

  test('and a message of more than 10 MiB ends the server, in order', async ({ raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    server.write(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"much":"${'x'.repeat(11 * 1024 * 1024)}"}}\n`);
    expect(await server.exit).toBe(0);
  });
});

describe.for([
  ['the era of initialize', undefined],
  ['2026-07-28', modern],
] as const)('in %s', ([, meta]) => {
  async function open(raw: (env: Record<string, string>) => Raw, google: Google): Promise<Raw> {
    const server = raw(withKey(google));
    await (meta ? server.request('server/discover', { _meta: meta }) : server.initialize());
    return server;
  }

  test('progress counts the pictures that are there, and only for those who asked', async ({ raw, google }) => {
    const server = await open(raw, google);
    await server.call('generate_image', fox, { meta: { ...meta } });
    expect(progressOf(server)).toEqual([]);

    google.reset();
    const gates = [held(), held(), held()];
    google.next(...gates.map(({ answer }) => answer));
    const answer = server.call('generate_image', { ...fox, count: 3 }, { meta: { ...meta, progressToken: 'token' } });
    await arrived(google, 3);
    for (const [index, words] of [/painting 3 variations/, /1 of 3/, /2 of 3/, /Saving/].entries()) {
      await server.next((message) => words.test(wordsOf(message)));
      gates[index]?.release();
    }
    expect((await answer).facts.images).toHaveLength(3);
    const values = progressOf(server).map(({ params }) => Number(params?.progress));
    expect(values).toEqual([...new Set(values)].sort((left, right) => left - right));
    expect(Math.max(...values)).toBeLessThanOrEqual(3);
    expect(progressOf(server).every(({ params }) => params?.progressToken === 'token' && params.total === 3)).toBe(true);
  });

  test('a cancelled call is never answered, and its picture is kept all the same', async ({ raw, google, computer }) => {
    const server = await open(raw, google);
    const { answer, release } = held();
    google.next(answer, answers.picture(small));
    server.send({ id: 'gone', method: 'tools/call', params: { name: 'generate_image', arguments: fox, _meta: { ...meta } } });
    await arrived(google, 1);
    const params = { requestId: 'gone', reason: 'changed my mind', ...(meta && { _meta: meta }) };
    server.send({ method: 'notifications/cancelled', params });
    // Answered after it, so the server has read it.
    await server.request('tools/list', { _meta: { ...meta } });
    release();
    await isKept(computer, google);
    expect((await server.call('generate_image', { prompt: 'A blue bird' }, { meta: { ...meta } })).isError).toBe(false);
    server.end();
    expect(await server.exit).toBe(0);
    expect(server.messages.filter(({ id }) => id === 'gone')).toEqual([]);
  });
});

describe('a call', () => {
  test('tells at once what is happening, and again before ten seconds have passed', { timeout: 40_000 }, async ({ raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    const { answer, release } = held();
    google.next(answer);
    const times = [performance.now()];
    const made = server.call('generate_image', fox, { meta: { progressToken: 1 } });
    for (let count = 1; count <= 3; count += 1) {
      await vi.waitFor(() => expect(progressOf(server)).toHaveLength(count), { timeout: 12_000, interval: 20 });
      times.push(performance.now());
    }
    release();
    expect((await made).isError).toBe(false);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps[0]).toBeLessThan(1500);
    expect(Math.max(...gaps)).toBeLessThan(10_000);
    expect(progressOf(server).map(wordsOf).slice(0, 3)).toEqual([
      'gemini-nano-banana-2.1 is painting',
      'gemini-nano-banana-2.1 is painting (5 s)',
      'gemini-nano-banana-2.1 is painting (10 s)',
    ]);
  });

  test('that is cancelled while it waits to try again sends nothing more', async ({ raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    google.next(answers.rateLimited(1), answers.rateLimited(2));
    server.send({ id: 'gone', method: 'tools/call', params: { name: 'generate_image', arguments: fox, _meta: { progressToken: 1 } } });
    await server.next((message) => /trying again/.test(wordsOf(message)));
    server.send({ method: 'notifications/cancelled', params: { requestId: 'gone' } });
    // A call that waits longer is the clock: when its second request is there, the first call's is overdue.
    expect((await server.call('generate_image', { prompt: 'A blue bird' })).isError).toBe(false);
    expect(google.requests.map(({ texts }) => texts[0]?.slice(0, 6))).toEqual(['A red ', 'A blue', 'A blue']);
    expect(server.messages.some(({ id }) => id === 'gone')).toBe(false);
  });
});

describe('when stdin ends', () => {
  test('an idle server exits', async ({ raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    const before = performance.now();
    server.end();
    expect(await server.exit).toBe(0);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  test('in the middle of a call, the picture under way is kept before the server exits', async ({ raw, google, computer }) => {
    const server = raw(withKey(google));
    await server.initialize();
    const { answer, release } = held();
    google.next(answer);
    server.send({ id: 'gone', method: 'tools/call', params: { name: 'generate_image', arguments: fox } });
    await arrived(google, 1);
    server.end();
    release();
    expect(await server.exit).toBe(0);
    await isKept(computer, google);
    expect(await readdir(join(computer.project, 'generated-images'))).toEqual(['red-fox-on-hill.jpg']);
  });

  test('between two tries, nothing more is sent and the server exits', async ({ raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    google.next(answers.rateLimited(60));
    server.send({ id: 'gone', method: 'tools/call', params: { name: 'generate_image', arguments: fox, _meta: { progressToken: 1 } } });
    await server.next((message) => /trying again/.test(wordsOf(message)));
    server.end();
    expect(await server.exit).toBe(0);
    expect(google.requests).toHaveLength(1);
  });
});

test.for([
  ['no JSON', 'garbage\n'],
  ['half an object', '{"jsonrpc":"2.0"\n'],
  ['an empty line', '\n\r\n'],
  ['a list', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n'],
  ['a text, a number and null', '"ping"\n42\nnull\n'],
  ['another version of JSON-RPC', '{"jsonrpc":"1.0","id":1,"method":"ping"}\n'],
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
  [
    'an unknown tool',
    'tools/call',
    { name: 'paint_image', arguments: fox },
    { code: -32602, message: expect.stringContaining('paint_image') },
  ],
  ['a call without a tool', 'tools/call', {}, { code: -32602 }],
] as const)('%s is a protocol error, and the next call works', async ([, method, params, error], { raw, google }) => {
  const server = raw(withKey(google));
  await server.initialize();
  expect((await server.request(method, params)).error).toMatchObject(error);
  expect((await server.call('generate_image', fox)).isError).toBe(false);
});

test('twenty calls at once are all answered, and tools/list meanwhile', async ({ raw, google }) => {
  const server = raw(withKey(google));
  await server.initialize();
  const gates = Array.from({ length: 20 }, held);
  google.next(...gates.map(({ answer }) => answer));
  const calls = gates.map((_, index) => server.call('generate_image', { prompt: `Fox number ${index + 1}` }, { id: index }));
  await arrived(google, 20);
  expect((await server.request('tools/list')).result?.tools).toHaveLength(3);
  for (const { release } of gates) release();
  const files = (await Promise.all(calls)).map(({ file }) => file.path);
  expect(files.map((file) => /fox-number-\d+\.jpg$/.exec(file)?.[0])).toEqual(gates.map((_, index) => `fox-number-${index + 1}.jpg`));
  await Promise.all(files.map((file) => readFile(file)));
});

test('the key is nowhere but in the requests to Google', async ({ raw, google, computer }) => {
  const server = raw(withKey(google));
  await server.initialize();
  google.next(
    answers.picture(),
    answers.keySuspended(testKey),
    answers.keyInvalid(),
    answers.error(400, 'INVALID_ARGUMENT', `No: ${testKey}`),
  );
  const calls = [];
  for (let count = 0; count < 4; count += 1) calls.push(await server.call('generate_image', fox, { meta: { progressToken: count } }));
  expect(calls.map(({ isError }) => isError)).toEqual([false, true, true, true]);
  server.end();
  await server.exit;
  const root = join(computer.state, '..');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name))));
  expect(files.length).toBeGreaterThanOrEqual(3);
  // In base64 a text looks one of three ways, by where in the stream it begins; its first and last characters depend on the neighbours.
  const hidden = [0, 1, 2].map((offset) =>
    Buffer.from(`${' '.repeat(offset)}${testKey}`)
      .toString('base64')
      .slice(4, -4),
  );
  for (const secret of [testKey, ...hidden]) {
    expect([server.stdout(), server.log(), ...files].filter((content) => content.includes(secret))).toEqual([]);
  }
});
