import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, describe, expect } from 'vitest';
import { openArchive } from '../src/archive/archive.ts';
import { openLedger } from '../src/archive/ledger.ts';
import { toDayName } from '../src/archive/ledger-lines.ts';
import { toFailure } from '../src/model/failures.ts';
import { test as withServer } from './fixtures.ts';
import { answers } from './google/index.ts';

const test = base.extend<{ state: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  state: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'limner-ledger-'));
    await use(folder);
    await rm(folder, { recursive: true });
  },
});

const call = 'call_aaaaaaaaaaaaaaaa';
const request = {
  ...{
    call,
    image: 'img_aaaaaaaaaaaaaaaa',
    key: 'key',
    tool: 'generate_image',
    backend: 'gemini',
    model: 'flash',
    folder: '/',
    dollars: 0.6,
  },
  ...{ until: new Date(Date.now() + 60_000).toISOString(), mustKeep: true, limit: 1 },
};
const today = () => `${toDayName(new Date())}.jsonl`;

describe('a budget fails closed', () => {
  test('when the ledger cannot be read back', async ({ state }) => {
    await openLedger(state, 'here').send(request);
    const path = join(state, 'ledger', today());
    const lines = await readFile(path);
    await rm(path);
    await mkdir(path);
    await expect(openLedger(state, 'here').send(request)).rejects.toMatchObject({ code: 'cannot_write' });
    await rm(path, { recursive: true });
    await writeFile(path, lines);
    await expect(openLedger(state, 'here').send(request)).rejects.toMatchObject({ code: 'over_budget' });
  });

  test('when it is one for a call, and nothing can be entered', async ({ state }) => {
    const { limit: _limit, ...unlimited } = request;
    await writeFile(join(state, 'ledger'), 'a file where the folder should be');
    await expect(openLedger(state, 'here').send(unlimited)).rejects.toMatchObject({ code: 'cannot_write' });
  });
});

test('lines that could not be written go before the next that can', async ({ state }) => {
  const ledger = openLedger(state, 'here');
  const blocked = join(state, 'ledger');
  await writeFile(blocked, '');
  const { limit: _limit, ...unlimited } = request;
  const sent = await ledger.send({ ...unlimited, mustKeep: false });
  await rm(blocked);
  await sent.arrived([sent.image], 0.5);
  await ledger.finish(call, [{ id: sent.image, path: '/fox.jpg' }], false);
  await ledger.answer(call, []);
  const [known] = await openLedger(state, 'here').recentCalls();
  expect(known).toMatchObject({ call, answered: true, requests: [{ state: 'arrived', dollars: 0.5 }] });
  expect(ledger.isKept()).toBe(false);
});

test('a line that is there twice counts once', async ({ state }) => {
  await openLedger(state, 'here').send(request);
  const path = join(state, 'ledger', today());
  const lines = await readFile(path, 'utf8');
  await writeFile(path, lines + lines);
  expect((await openLedger(state, 'here').today()).dollars).toBeCloseTo(0.6, 9);
});

test('a file that was exchanged for a longer one is read anew', async ({ state }) => {
  const ledger = openLedger(state, 'here');
  await ledger.send(request);
  expect((await ledger.today()).dollars).toBeCloseTo(0.6, 9);
  const path = join(state, 'ledger', today());
  const line = (await readFile(path, 'utf8')).replace('"dollars":0.6', '"dollars":0.25');
  await rm(path);
  await writeFile(path, `${'#'.repeat(1000)}\n${line}`);
  expect((await ledger.today()).dollars).toBeCloseTo(0.25, 9);
});

test('the calls of an exchanged file are those of the new one', async ({ state }) => {
  const ledger = openLedger(state, 'here');
  await ledger.send(request);
  expect(await ledger.recentCalls()).toMatchObject([{ call }]);
  const path = join(state, 'ledger', today());
  const other = (await readFile(path, 'utf8')).replaceAll(call, 'call_bbbbbbbbbbbbbbbb');
  await rm(path);
  expect(await ledger.recentCalls()).toEqual([]);
  await writeFile(path, other);
  expect(await ledger.recentCalls()).toMatchObject([{ call: 'call_bbbbbbbbbbbbbbbb' }]);
});

test('a call that was sent before midnight and answered after it is one call, and counts to the day it was sent', async ({ state }) => {
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  const [before = '', after = ''] = [yesterday, new Date()].map((at) => join(state, 'ledger', `${toDayName(at)}.jsonl`));
  const sent = await openLedger(state, 'here').send(request);
  await sent.arrived([sent.image], 0.5);
  const [first, second] = (await readFile(after, 'utf8')).split('\n');
  await writeFile(before, `${first}\n`);
  await rm(after);
  const ledger = openLedger(state, 'here');
  expect(await ledger.recentCalls()).toMatchObject([{ call, answered: false, requests: [{ state: 'under way' }] }]);
  await ledger.answer(call, []);
  // The end of a request is entered on the day it was sent, though another day has begun.
  await writeFile(before, `${second}\n`, { flag: 'a' });
  expect(await ledger.recentCalls()).toMatchObject([{ call, answered: true, requests: [{ state: 'arrived', dollars: 0.5 }] }]);
  expect((await ledger.today()).dollars).toBe(0);
  expect((await openLedger(state, 'here').recentCalls()).length).toBe(1);
});

test('what was read is not read again, and what others add is', async ({ state }) => {
  const [mine, theirs] = [openLedger(state, 'here'), openLedger(state, 'there')];
  const sent = await mine.send({ ...request, dollars: 0.1 });
  expect((await theirs.today()).dollars).toBeCloseTo(0.1, 9);
  await sent.arrived([sent.image], 0.05);
  await Promise.all([theirs.send({ ...request, call: 'call_bbbbbbbbbbbbbbbb', dollars: 0.2 }), mine.recentCalls(), mine.today()]);
  for (const ledger of [mine, theirs]) {
    expect((await ledger.today()).dollars).toBeCloseTo(0.25, 9);
    expect((await ledger.recentCalls()).map((known) => known.call)).toEqual([call, 'call_bbbbbbbbbbbbbbbb']);
  }
});

describe('a connection that ends', () => {
  const broken = (code: string, syscall: string) =>
    toFailure({ model: 'flash', thrown: new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code, syscall }) }) });

  for (const code of ['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EPROTO', 'ECONNRESET']) {
    test(`with ${code} after it stood may have been billed, and is tried once more at most`, () => {
      expect(broken(code, 'read')).toMatchObject({ maybeBilled: true, maxRequests: 2 });
      expect(broken(code, 'connect')).not.toHaveProperty('maybeBilled');
    });
  }
});

test('forgetting everything leaves nothing behind, readable or not', async ({ state }) => {
  const archive = openArchive(state, 1e9);
  const names = ['images/img_aaaaaaaaaaaaaaaa.json', 'images/img_aaaaaaaaaaaaaaaa.jpg', 'turns/call_aaaaaaaaaaaaaaaa-0123456789ab.json.gz'];
  const kept = ['images/img_bbbbbbbbbbbbbbbb.jpg', 'turns/call_bbbbbbbbbbbbbbbb-0123456789ab.json.gz'];
  for (const folder of ['images', 'turns']) await mkdir(join(state, folder));
  for (const name of [...names, ...kept, 'index.jsonl']) await writeFile(join(state, name), 'damaged');
  await archive.forgetAll(new Set(['img_bbbbbbbbbbbbbbbb', 'call_bbbbbbbbbbbbbbbb']));
  for (const name of [...names, 'index.jsonl']) await expect(readFile(join(state, name))).rejects.toThrow('ENOENT');
  for (const name of kept) expect(await readFile(join(state, name), 'utf8')).toBe('damaged');
});

withServer('an answer without a picture counts as what it used', async ({ limner, google }) => {
  const usage = { promptTokenCount: 1000, candidatesTokenCount: 400, thoughtsTokenCount: 600 };
  google.always(
    answers.json({ candidates: [{ finishReason: 'STOP', content: { parts: [{ text: 'A fox? Why?' }] } }], usageMetadata: usage }),
  );
  const { code, text } = await limner.call('generate_image', { prompt: 'A fox' });
  expect(code).toBe('no_image');
  // Twice, as it is asked once more: 1000 tokens in at $1.50 and 1000 out at $7.50 a million.
  expect(google.requests).toHaveLength(2);
  expect(text).toContain('Billed or perhaps billed today: $0.018.');
});
