import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { withKey } from './fixtures.ts';
import { answers, type Google, testKey } from './google/index.ts';
import { arrived, held, isKept, modern, progressOf, type Raw, small, test, wordsOf } from './raw.ts';

const fox = { prompt: 'A red fox on a hill' };

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
    await server.call('generate_image', fox, { ...meta });
    expect(progressOf(server)).toEqual([]);

    google.reset();
    const gates = [held(), held(), held()];
    google.next(...gates.map(({ answer }) => answer));
    const answer = server.call('generate_image', { ...fox, count: 3 }, { ...meta, progressToken: 'token' });
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
    expect((await server.call('generate_image', { prompt: 'A blue bird' }, { ...meta })).isError).toBe(false);
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
    const made = server.call('generate_image', fox, { progressToken: 1 });
    for (let count = 1; count <= 3; count += 1) {
      await vi.waitFor(() => expect(progressOf(server)).toHaveLength(count), { timeout: 12_000, interval: 20 });
      times.push(performance.now());
    }
    release();
    expect((await made).isError).toBe(false);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps[0]).toBeLessThan(1500);
    expect(Math.max(...gaps)).toBeLessThan(10_000);
    const [first, ...later] = progressOf(server).map(wordsOf).slice(0, 3);
    expect(first).toBe('gemini-nano-banana-2.1 is painting');
    for (const words of later) expect(words).toMatch(/is painting \(\d+ s\)$/);
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

describe.for([
  ['stdin ends', (server: Raw) => server.end()],
  ['SIGTERM comes', (server: Raw) => server.kill('SIGTERM')],
  ['SIGINT comes', (server: Raw) => server.kill('SIGINT')],
  ['SIGHUP comes', (server: Raw) => server.kill('SIGHUP')],
] as const)('when %s', ([, leave]) => {
  test('an idle server exits at once', async ({ raw, google }) => {
    const server = raw(withKey(google));
    await server.initialize();
    const before = performance.now();
    leave(server);
    expect(await server.exit).toBe(0);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  // A signal leaves it a moment only, which a machine under load may not keep to.
  test('in the middle of a call, the picture under way is kept before the server exits', { retry: 2 }, async ({
    raw,
    google,
    computer,
  }) => {
    const server = raw(withKey(google));
    await server.initialize();
    const { answer, release } = held();
    google.next(answer);
    server.send({ id: 'gone', method: 'tools/call', params: { name: 'generate_image', arguments: fox } });
    await arrived(google, 1);
    leave(server);
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
    leave(server);
    expect(await server.exit).toBe(0);
    expect(google.requests).toHaveLength(1);
  });
});

test('twenty calls at once are all answered, and tools/list meanwhile', async ({ raw, google }) => {
  const server = raw(withKey(google));
  await server.initialize();
  const gates = Array.from({ length: 20 }, held);
  google.next(...gates.map(({ answer }) => answer));
  const calls = gates.map((_, index) => server.call('generate_image', { prompt: `Fox number ${index + 1}` }));
  await arrived(google, 20);
  expect((await server.request('tools/list')).result?.tools).toHaveLength(4);
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
  for (let count = 0; count < 4; count += 1) calls.push(await server.call('generate_image', fox, { progressToken: count }));
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
    expect([server.output(), server.log(), ...files].filter((content) => content.includes(secret))).toEqual([]);
  }
});
