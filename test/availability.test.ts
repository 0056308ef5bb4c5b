import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect } from 'vitest';
import { findAvailability } from '../src/model/availability.ts';
import { createRedactor } from '../src/redactor.ts';
import { flash, test } from './google/fixture.ts';
import { answers, startGoogle, testKey } from './google/index.ts';

const all = [flash, 'gemini-3-pro-image', 'gemini-3.1-flash-lite-image', 'gemini-3.1-flash-image'];

const find = (baseUrl: string, key = testKey) =>
  findAvailability({ apiKey: { reveal: () => key }, baseUrl, redactor: createRedactor([key]), proxy: undefined });

/** What went wrong; everything else is none of a failure's. */
async function findError(baseUrl: string, key?: string) {
  const found = await find(baseUrl, key);
  if (!('error' in found)) throw new Error('it was found out');
  const { error, reason } = found;
  return { code: error.code, message: error.message, reason };
}

test('all models of the catalogue are offered, asked for once, with the key in a header alone', async ({ google }) => {
  const found = await find(google.url);
  expect(found).toMatchObject({ offered: all.map((id) => ({ id })), missing: [], milliseconds: expect.any(Number) });
  if ('error' in found) throw found.error;
  expect([found.offers(flash), found.offers('gemini-embedding-001'), found.offers('gemini-9')]).toEqual([true, false, false]);
  expect(Math.abs((found.clock?.theirs ?? 0) - (found.clock?.ours ?? 1e12))).toBeLessThan(5000);
  expect(google.others).toEqual([{ method: 'GET', path: '/v1beta/models?pageSize=1000', apiKey: testKey }]);
});

test('a list of several pages is read to its end', async () => {
  const google = await startGoogle({ pageSize: 2 });
  expect(await find(google.url)).toMatchObject({ missing: [] });
  expect(google.others.map(({ path }) => path)).toEqual(
    ['', '&pageToken=2', '&pageToken=4'].map((page) => `/v1beta/models?pageSize=1000${page}`),
  );
  await google.close();
});

test('what Google has switched off, or keeps from this key, is missing', async ({ google }) => {
  google.onList(answers.models(['gemini-embedding-001', 'gemini-3-pro-image']));
  expect(await find(google.url)).toMatchObject({
    offered: [{ nickname: 'pro' }],
    missing: [{ nickname: 'flash' }, { nickname: 'lite' }, { id: 'gemini-3.1-flash-image' }],
  });
});

test("Google's clock is told apart from ours", async ({ google }) => {
  google.onList(answers.models(all, new Date('2026-01-01T00:00:00Z')));
  expect(await find(google.url)).toMatchObject({ clock: { theirs: Date.parse('2026-01-01T00:00:00Z') } });
});

describe('why it cannot be found out', () => {
  test.for([
    ['a key Google does not know', answers.keyInvalid(), 'key_rejected', /does not accept this API key/],
    ['a key that was found in public', answers.keyLeaked(), 'key_rejected', /found in public/],
    ['a restricted key', answers.keyRestricted(), 'permission', /it is restricted/],
    ['a project without the API', answers.serviceDisabled(), 'permission', /not enabled for the project/],
    ['a country Google is not in', answers.locationUnsupported(), 'region', /country/],
    ['a rate limit', answers.rateLimited(30), 'quota', /opens again in 30 s/],
    ['a Google that is down', answers.overloaded(), 'overloaded', /down \(503\)/],
    ['a front end that is down', answers.html(502), 'overloaded', /down \(502\)/],
    ['the sign-in page of a network', answers.html(200), 'bad_answer', /\(HTTP 200\) is not Google's API/],
    ['a firewall', answers.html(403), 'bad_answer', /\(HTTP 403\) is not Google's API/],
    ['another service', answers.html(200, 'application/json'), 'bad_answer', /is not Google's API/],
    ['an answer that is far too large', answers.hugeBody(20), 'bad_answer', /is not Google's API/],
    ['a redirect', answers.redirect('https://sign-in.example/'), 'upstream_fault', /redirect \(307\).*Check GOOGLE_GEMINI_BASE_URL/],
    ['a gateway without a list', answers.error(404, 'NOT_FOUND', 'No.'), 'upstream_fault', /no list of models at this address/],
    ['a request Google finds wrong', answers.error(400, 'INVALID_ARGUMENT', 'No.'), 'upstream_fault', /refused to list its models/],
    ['a connection that breaks at once', answers.reset(), 'unreachable', /broke before all of its answer/],
    ['a connection that breaks half way', answers.resetMidBody(answers.models(all)), 'unreachable', /broke before all of its answer/],
  ] as const)('%s', async ([, answer, code, message], { google }) => {
    google.onList(answer);
    const found = await findError(google.url);
    expect(found).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(found.message).not.toMatch(/may have been billed|picture/);
  });

  test('a wrong key is shown nowhere, though Google repeats it', async ({ google }) => {
    google.onList(answers.keySuspended(testKey));
    expect(JSON.stringify([await findError(google.url), await findError(google.url, 'wrong-key-9876543210')])).not.toMatch(/key-\d/);
  });

  test('nobody there, a name nobody knows, no TLS: each with what the system calls it', async ({ google }) => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    const port = typeof address === 'object' ? address?.port : 0;
    closed.close();
    expect(await findError(`http://127.0.0.1:${port}`)).toMatchObject({ code: 'unreachable', reason: 'ECONNREFUSED' });
    expect(await findError('https://nobody.invalid')).toMatchObject({
      code: 'unreachable',
      reason: expect.stringMatching(/ENOTFOUND|EAI_/),
    });
    expect(await findError(google.url.replace('http:', 'https:'))).toMatchObject({
      code: 'unreachable',
      reason: expect.stringMatching(/EPROTO|SSL/),
    });
  });

  test('a Google that is silent, after ten seconds', { timeout: 20_000 }, async ({ google }) => {
    google.onList(answers.hang());
    const started = performance.now();
    expect(await findError(google.url)).toMatchObject({ code: 'timeout', message: expect.stringMatching(/within 10 s/) });
    expect(performance.now() - started).toBeLessThan(12_000);
  });
});
