import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, vi } from 'vitest';
import { openLedger } from '../src/archive/ledger.ts';
import { addUpDay, type LedgerLine, parseLine, toDayName } from '../src/archive/ledger-lines.ts';
import type { Answer } from './answer.ts';
import { built, type Computer, photo, withKey } from './fixtures.ts';
import { answers, type Google, type Answer as GoogleAnswer } from './google/index.ts';
import { arrived, held, modern, progressOf, type Raw, small, test, wordsOf } from './raw.ts';

const fox = { prompt: 'A red fox on a hill' };
const picture = answers.picture(small);

/** Every line of the ledger, oldest first. */
async function ledgerOf({ state }: Computer): Promise<LedgerLine[]> {
  const folder = join(state, 'ledger');
  const names = (await readdir(folder).catch(() => [])).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => text.split('\n')).flatMap((line) => parseLine(line) ?? []);
}

/** Waits for a line of this kind. */
async function entered(computer: Computer, event: LedgerLine['event'], count = 1): Promise<void> {
  const isThere = async () => expect((await ledgerOf(computer)).filter((line) => line.event === event)).toHaveLength(count);
  await vi.waitFor(isThere, { timeout: 10_000 });
}

/** Writes the ledger anew; each line goes to the file of its day. */
async function rewrite(computer: Computer, change: (line: LedgerLine) => LedgerLine | undefined): Promise<void> {
  const lines = (await ledgerOf(computer)).flatMap((line) => change(line) ?? []);
  const folder = join(computer.state, 'ledger');
  await rm(folder, { recursive: true });
  await mkdir(folder);
  const days = new Set(lines.map(({ at }) => toDayName(new Date(at))));
  for (const day of days) {
    const own = lines.filter(({ at }) => toDayName(new Date(at)) === day);
    await writeFile(join(folder, `${day}.jsonl`), own.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
}

/** Makes every line of these kinds look as if it had been written earlier. */
async function antedate(computer: Computer, seconds: number): Promise<void> {
  await rewrite(computer, (line) => ({ ...line, at: new Date(Date.parse(line.at) - seconds * 1000).toISOString() }));
}

async function open(raw: (env: Record<string, string>) => Raw, google: Google, env: Record<string, string> = {}): Promise<Raw> {
  const server = raw({ ...withKey(google), ...env });
  await server.initialize();
  return server;
}

/** Sends a call nobody will wait for. */
function send(server: Raw, args: object, tool = 'generate_image', id = 'gone'): void {
  server.send({ id, method: 'tools/call', params: { name: tool, arguments: args } });
}

/** Cancels it; resolves once the server has read that. */
async function cancel(server: Raw, requestId = 'gone'): Promise<void> {
  server.send({ method: 'notifications/cancelled', params: { requestId } });
  await server.request('ping');
}

/** A call that was cancelled while Google painted, and has finished since. */
async function loseAnswer(server: Raw, google: Google, computer: Computer, args: object = fox, tool = 'generate_image'): Promise<void> {
  const [requests, finished] = [google.requests.length, (await ledgerOf(computer)).filter(({ event }) => event === 'finished').length];
  const { answer, release } = held();
  google.next(answer);
  send(server, args, tool);
  await arrived(google, requests + 1);
  await cancel(server);
  release();
  await entered(computer, 'finished', finished + 1);
}

/** Waits until a call says that it waits for the same call before it. */
async function isJoining(server: Raw, count = 1): Promise<void> {
  const joining = () => progressOf(server).filter((message) => /The same call was sent \d+ s ago and is waited for/.test(wordsOf(message)));
  await vi.waitFor(() => expect(joining().length).toBeGreaterThanOrEqual(count), { timeout: 10_000 });
}

function expectLate(answer: Answer, name = 'red-fox-on-hill.jpg'): void {
  expect(answer.isError, answer.text).toBe(false);
  expect(answer.file.path.endsWith(name), answer.file.path).toBe(true);
  expect(answer.text).toMatch(
    /^This is what the same call brought that was sent at .* UTC: it was paid then \(\$0\.\d+\), and this answer costs nothing\.$/m,
  );
  expect(answer.text).toContain('cost $0 now');
  expect(answer.facts.cost.dollars).toBe(0);
  expect(answer.facts.late?.paidThen).toBeGreaterThan(0);
  expect(answer.facts.unclaimed).toEqual([]);
}

function expectNew(answer: Answer): void {
  expect(answer.isError, answer.text).toBe(false);
  expect(answer.facts.late).toBe(null);
  expect(answer.facts.cost.dollars).toBeGreaterThan(0);
}

const sumOf = (lines: readonly LedgerLine[]) => addUpDay(lines).dollars;
const mostOf = (lines: readonly LedgerLine[]) => lines.flatMap((line) => (line.event === 'sent' ? [line.dollars ?? 0] : []));
const filesOf = ({ project }: Computer) => readdir(join(project, 'generated-images'));

describe.concurrent('a call that was cancelled', () => {
  test.for([
    ['the era of initialize', undefined],
    ['2026-07-28', modern],
  ] as const)(
    'is joined by the same call, which costs nothing; once that is answered, the same call is a new request (%s)',
    async ([, meta], { raw, google, computer }) => {
      const server = raw(withKey(google));
      await (meta ? server.request('server/discover', { _meta: meta }) : server.initialize());
      const { answer, release } = held();
      google.next(answer, picture);
      server.send({ id: 'gone', method: 'tools/call', params: { name: 'generate_image', arguments: fox, _meta: { ...meta } } });
      await arrived(google, 1);
      server.send({ method: 'notifications/cancelled', params: { requestId: 'gone', ...(meta && { _meta: meta }) } });
      const same = server.call('generate_image', fox, { ...meta, progressToken: 1 });
      await isJoining(server);
      release();
      expectLate(await same);
      expect(google.requests).toHaveLength(1);
      expect(await filesOf(computer)).toEqual(['red-fox-on-hill.jpg']);
      expectNew(await server.call('generate_image', fox, { ...meta }));
      expect(google.requests).toHaveLength(2);
      expect(server.messages.filter(({ id }) => id === 'gone')).toEqual([]);
    },
  );

  test('and finished unseen answers the same call at once, with the file where it was planned', async ({ raw, google, computer }) => {
    const server = await open(raw, google);
    await loseAnswer(server, google, computer);
    expect(await filesOf(computer)).toEqual(['red-fox-on-hill.jpg']);
    const lines = await ledgerOf(computer);
    expect(lines.map(({ event }) => event)).toEqual(['sent', 'abandoned', 'arrived', 'finished']);
    expect(lines.at(-1)).toMatchObject({
      unclaimed: true,
      files: [{ path: join(computer.project, 'generated-images', 'red-fox-on-hill.jpg') }],
    });
    expectLate(await server.call('generate_image', fox));
    google.always(picture);
    expectNew(await server.call('generate_image', fox));
    expect(google.requests).toHaveLength(2);
    expect(await filesOf(computer)).toHaveLength(2);
  });

  test('is the same with its defaults written out and its place named another way', async ({ raw, google, computer }) => {
    const server = await open(raw, google);
    await loseAnswer(server, google, computer, { ...fox, output: 'art/fox.jpg' });
    const spelled = {
      ...fox,
      output: join(computer.project, 'art', 'fox.jpg'),
      count: 1,
      format: 'auto',
      model: 'flash',
      overwrite: false,
      web_search: false,
    };
    expectLate(await server.call('generate_image', spelled), 'art/fox.jpg');
    expect(google.requests).toHaveLength(1);
  });

  test('answers one of two same calls; the other is a request of its own', async ({ raw, google, computer }) => {
    const server = await open(raw, google);
    const { answer, release } = held();
    google.next(answer, picture);
    send(server, fox);
    await arrived(google, 1);
    await cancel(server);
    const joined = server.call('generate_image', fox, { progressToken: 1 });
    await isJoining(server);
    expectNew(await server.call('generate_image', fox));
    release();
    expectLate(await joined, '.jpg');
    expect(google.requests).toHaveLength(2);
    expect(await filesOf(computer)).toHaveLength(2);
  });

  test('is there for a third call when the second, which had joined it, is cancelled too', async ({ raw, google }) => {
    const server = await open(raw, google);
    const { answer, release } = held();
    google.next(answer);
    send(server, fox);
    await arrived(google, 1);
    await cancel(server);
    const params = { name: 'generate_image', arguments: fox, _meta: { progressToken: 1 } };
    server.send({ id: 'gone-too', method: 'tools/call', params });
    await isJoining(server);
    await cancel(server, 'gone-too');
    const third = server.call('generate_image', fox, { progressToken: 2 });
    await isJoining(server, 2);
    release();
    expectLate(await third);
    expect(google.requests).toHaveLength(1);
    expect(server.messages.filter(({ id }) => String(id).startsWith('gone'))).toEqual([]);
  });

  test('and brought nothing is no answer: the same call, which waited for it, is a new request', async ({ raw, google }) => {
    const server = await open(raw, google);
    const { answer, release } = heldAs(answers.refusal('IMAGE_SAFETY'));
    google.next(answer, picture);
    send(server, fox);
    await arrived(google, 1);
    await cancel(server);
    const same = server.call('generate_image', fox, { progressToken: 1 });
    await isJoining(server);
    release();
    expectNew(await same);
    expect(google.requests).toHaveLength(2);
  });

  test('asks for nothing more: a request that fails then is not tried again', async ({ raw, google, computer }) => {
    const server = await open(raw, google);
    const { answer, release } = heldAs(answers.overloaded());
    google.next(answer);
    send(server, fox);
    await arrived(google, 1);
    await cancel(server);
    release();
    await entered(computer, 'finished');
    expect(await ledgerOf(computer)).toContainEqual(expect.objectContaining({ event: 'failed', dollars: 0, maybeBilled: false }));
    expect(google.requests).toHaveLength(1);
  });

  test('after its answer was sent has not been answered: hosts throw such an answer away', async ({ raw, google }) => {
    const server = await open(raw, google);
    google.next(picture);
    send(server, fox);
    await server.next(({ id }) => id === 'gone');
    await cancel(server);
    expectLate(await server.call('generate_image', fox));
    expect(google.requests).toHaveLength(1);
  });

  test('by OpenCode after its answer was sent has been answered: it cancels every call then, and none is told of as lost', async ({
    raw,
    google,
    computer,
  }) => {
    google.always(picture);
    const server = raw(withKey(google));
    const clientInfo = { name: 'opencode', version: '1.18.33' };
    await server.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    send(server, fox);
    await server.next(({ id }) => id === 'gone');
    await cancel(server);
    await entered(computer, 'answered');
    const other = await server.call('generate_image', { prompt: 'A hare' });
    expect(other.facts.unclaimed).toEqual([]);
    expect(other.text).not.toContain('was lost');
    expectNew(await server.call('generate_image', fox));
    expect((await ledgerOf(computer)).filter(({ event }) => event === 'abandoned')).toEqual([]);
  });

  test('at any of twelve moments loses no picture, is not answered any more, and is not billed again', async ({
    raw,
    google,
    computer,
  }) => {
    google.always(picture);
    const server = await open(raw, google);
    await server.call('generate_image', { prompt: 'Warm up' });
    const moments = [0, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96];
    for (const [index, pings] of moments.entries()) {
      const [id, before] = [`gone-${index}`, google.requests.length];
      const args = { prompt: `Fox number ${index}`, output: `fox-${index}.jpg` };
      send(server, args, 'generate_image', id);
      for (let count = 0; count < pings; count += 1) await server.request('ping');
      await cancel(server, id);
      const answered = server.messages.filter((message) => message.id === id).length;
      const again = await server.call('generate_image', args);
      expect(again.isError, again.text).toBe(false);
      expect(again.file.path).toBe(join(computer.project, args.output));
      expect(google.requests.length - before, `cancelled after ${pings} pings`).toBe(1);
      expect(server.messages.filter((message) => message.id === id)).toHaveLength(answered);
    }
    const files = (await readdir(computer.project)).filter((name) => name.startsWith('fox-'));
    expect(files).toHaveLength(moments.length);
    const originals = (await readdir(join(computer.state, 'images'))).filter((name) => name.endsWith('.jpg'));
    expect(originals).toHaveLength(google.requests.length);
  });
});

/** An answer that waits until it is let go. */
function heldAs(wanted: GoogleAnswer): ReturnType<typeof held> {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { release, answer: async (request) => gate.then(() => wanted(request)) };
}

describe.concurrent('a call is not the same as another', () => {
  test('while both are waited for: the very same call twice is two requests, in one process and in two', async ({
    raw,
    google,
    computer,
  }) => {
    const [first, second] = [await open(raw, google), await open(raw, google)];
    const gates = [held(), held(), held()];
    google.next(...gates.map(({ answer }) => answer));
    const calls = [first, first, second].map((server) => server.call('generate_image', fox));
    await arrived(google, 3);
    for (const { release } of gates) release();
    for (const answer of await Promise.all(calls)) {
      expectNew(answer);
      // What is about to be handed over is not lost.
      expect(answer.facts.unclaimed).toEqual([]);
    }
    expect(await filesOf(computer)).toHaveLength(3);
  });

  test('when any argument differs', async ({ raw, google, computer }) => {
    google.always(picture);
    const server = await open(raw, google, { LIMNER_PREVIEW: 'none' });
    await loseAnswer(server, google, computer);
    for (const more of [
      { prompt: 'A red fox on the hill' },
      { count: 2 },
      { aspect_ratio: '16:9' },
      { resolution: '2K' },
      { format: 'png' },
      { output: 'art/' },
      { overwrite: true },
      { model: 'pro' },
      { web_search: true },
    ]) {
      expectNew(await server.call('generate_image', { ...fox, ...more }));
    }
    expectLate(await server.call('generate_image', fox));
  });

  test('with other bytes under the same path; the same bytes elsewhere are the same', async ({ raw, google, computer }) => {
    google.always(picture);
    const server = await open(raw, google);
    const before = await photo(300, 200);
    const edit = { prompt: 'At night', image: 'photo.png', output: 'night.jpg' };
    await computer.write('photo.png', before);
    await loseAnswer(server, google, computer, edit, 'edit_image');
    await computer.write('photo.png', await photo(300, 200, 'png', '#20a060'));
    expect((await server.call('edit_image', edit)).code).toBe('file_exists');
    await computer.write('moved.png', before);
    expectLate(await server.call('edit_image', { ...edit, image: 'moved.png' }), 'night.jpg');
    expect(google.requests).toHaveLength(1);
  });

  test('from another tool, or of the stand-in', async ({ raw, google, computer }) => {
    google.always(picture);
    await computer.write('photo.png', await photo(300, 200));
    const server = await open(raw, google);
    await loseAnswer(server, google, computer, { prompt: 'At night', image: 'photo.png' }, 'edit_image');
    expectNew(await server.call('compose_images', { prompt: 'At night', images: ['photo.png'] }));
    const standin = raw({ LIMNER_BACKEND: 'standin' });
    await standin.initialize();
    const drawn = await standin.call('edit_image', { prompt: 'At night', image: 'photo.png' });
    expect(drawn.facts).toMatchObject({ backend: 'standin', late: null });
  });
});

describe.concurrent('a later process', () => {
  test('joins the call of one whose client has gone and that still waits for Google', async ({ raw, google, computer }) => {
    const first = await open(raw, google);
    const { answer, release } = held();
    google.next(answer);
    send(first, fox);
    await arrived(google, 1);
    first.end();
    await entered(computer, 'abandoned');
    const second = await open(raw, google);
    const same = second.call('generate_image', fox, { progressToken: 1 });
    await isJoining(second);
    release();
    expectLate(await same);
    expect(await first.exit).toBe(0);
    expect(google.requests).toHaveLength(1);
  });

  test('is answered with what came after the client of an earlier one had gone', async ({ raw, google, computer }) => {
    const first = await open(raw, google);
    const { answer, release } = held();
    google.next(answer);
    send(first, fox);
    await arrived(google, 1);
    first.end();
    release();
    expect(await first.exit).toBe(0);
    expect(google.requests[0]?.dropped).toBe(false);
    expect((await ledgerOf(computer)).at(-1)).toMatchObject({ event: 'finished', unclaimed: true });
    const second = await open(raw, google);
    expectLate(await second.call('generate_image', fox));
    expect(google.requests).toHaveLength(1);
  });

  test.for([
    [
      'was archived and not delivered',
      (line: LedgerLine) => (line.event === 'finished' || line.event === 'abandoned' ? undefined : line),
      false,
    ],
    ['was archived and not entered', (line: LedgerLine) => (line.event === 'sent' ? line : undefined), false],
    ['was archived without its record', (line: LedgerLine) => (line.event === 'sent' ? line : undefined), true],
    ['was archived when time was up', toGivenUp, false],
  ] as const)('delivers what another that was killed had paid for: it %s', async ([, change, withoutRecord], { raw, google, computer }) => {
    const first = await open(raw, google);
    await loseAnswer(first, google, computer);
    first.kill('SIGKILL');
    await first.exit;
    await rewrite(computer, change);
    const path = join(computer.project, 'generated-images', 'red-fox-on-hill.jpg');
    const [bytes, images] = [await readFile(path), join(computer.state, 'images')];
    await unlink(path);
    for (const name of await readdir(images)) if (withoutRecord && name.endsWith('.json')) await unlink(join(images, name));
    const second = await open(raw, google);
    expectLate(await second.call('generate_image', fox));
    expect(await readFile(path)).toEqual(bytes);
    expect(google.requests).toHaveLength(1);
    google.next(picture);
    expectNew(await second.call('generate_image', fox));
  });

  test('takes a file for what it is that was written in the very moment its process was killed', async ({ raw, google, computer }) => {
    const first = await open(raw, google);
    await loseAnswer(first, google, computer);
    first.kill('SIGKILL');
    await first.exit;
    await rewrite(computer, (line) => (line.event === 'sent' ? line : undefined));
    const images = join(computer.state, 'images');
    for (const name of await readdir(images)) if (name.endsWith('.json')) await unlink(join(images, name));
    const second = await open(raw, google);
    const answer = await second.call('generate_image', fox);
    expectLate(answer);
    expect(answer.file.path).toBe(join(computer.project, 'generated-images', 'red-fox-on-hill.jpg'));
    expect(await readdir(join(computer.project, 'generated-images'))).toHaveLength(1);
  });

  test('sends the call of one that was killed before anything came anew; the first may have been billed and counts in full', async ({
    raw,
    google,
    computer,
  }) => {
    const first = await open(raw, google);
    google.next(answers.hang(), picture);
    send(first, fox);
    await arrived(google, 1);
    first.kill('SIGKILL');
    await first.exit;
    const second = await open(raw, google);
    const answer = await second.call('generate_image', fox);
    expectNew(answer);
    expect(google.requests).toHaveLength(2);
    const lines = await ledgerOf(computer);
    const [most = 0] = mostOf(lines);
    expect(most).toBeGreaterThan(0);
    expect(sumOf(lines)).toBeCloseTo(most + (answer.facts.cost.dollars ?? 0), 6);
    expect(answer.facts.cost.today).toBeCloseTo(sumOf(lines), 6);
  });

  test('joins a call that has run for 45 seconds, though its caller has said nothing; both are answered', async ({
    raw,
    google,
    computer,
  }) => {
    const first = await open(raw, google);
    const { answer, release } = held();
    google.next(answer, picture);
    const slow = first.call('generate_image', fox);
    await arrived(google, 1);
    await antedate(computer, 45);
    const second = await open(raw, google);
    const same = second.call('generate_image', fox, { progressToken: 1 });
    await isJoining(second);
    release();
    expectNew(await slow);
    expectLate(await same);
    expect(google.requests).toHaveLength(1);
  });

  test('does not join one that has run for less and is waited for', async ({ raw, google, computer }) => {
    const first = await open(raw, google);
    const { answer, release } = held();
    google.next(answer, picture);
    const slow = first.call('generate_image', fox);
    await arrived(google, 1);
    await antedate(computer, 40);
    expectNew(await (await open(raw, google)).call('generate_image', fox));
    release();
    expectNew(await slow);
  });

  test.for([
    [23, true],
    [25, false],
  ] as const)('after %i hours: answered with what was unclaimed is %s', async ([hours, isLate], { raw, google, computer }) => {
    const first = await open(raw, google);
    await loseAnswer(first, google, computer);
    first.end();
    await first.exit;
    await antedate(computer, hours * 3600);
    google.always(picture);
    const answer = await (await open(raw, google)).call('generate_image', fox);
    if (isLate) expectLate(answer);
    else expectNew(answer);
    expect(google.requests).toHaveLength(isLate ? 1 : 2);
  });
});

test('a process that has the number of one that died does not take its calls for its own', async ({ raw, google, computer }) => {
  const server = await open(raw, google);
  google.next(answers.hang());
  send(server, fox);
  await arrived(google, 1);
  const find = async () => {
    const ledger = openLedger(computer.state, hostname());
    return (await ledger.recentCalls()).map((call) => ledger.isRunning(call));
  };
  expect(await find()).toEqual([true]);
  await rewrite(computer, (line) => (line.event === 'sent' ? { ...line, pid: process.pid } : line));
  expect(await find()).toEqual([false]);
});

/** The line of an end that came too late for its process. */
function toGivenUp(line: LedgerLine): LedgerLine | undefined {
  if (line.event === 'finished') return undefined;
  if (line.event !== 'arrived') return line;
  const { at, call, request } = line;
  return { at, call, request, event: 'failed', dollars: 0.07, maybeBilled: true };
}

describe.concurrent('an edit in place whose answer got lost', () => {
  test.for([
    ['by path', 'photo.png', false],
    ['by path, of a picture limner made', 'photo.png', true],
    ['by id', 'id', true],
    ['as "last"', 'last', true],
  ] as const)('is not edited twice when it is sent again %s', async ([, named, isOurs], { raw, google, computer }) => {
    const server = await open(raw, google);
    google.always(picture);
    const made = isOurs ? await server.call('generate_image', { prompt: 'A photo of a house', output: 'photo.png' }) : undefined;
    if (!isOurs) await computer.write('photo.png', await photo(300, 200));
    const image = named === 'id' ? (made?.file.id ?? '') : named;
    const edit = { prompt: 'At night', image, output: 'photo.png', overwrite: true };
    await loseAnswer(server, google, computer, edit, 'edit_image');
    const [path, requests] = [join(computer.project, 'photo.png'), google.requests.length];
    const edited = await readFile(path);
    const again = await server.call('edit_image', edit);
    expectLate(again, 'photo.png');
    expect(google.requests).toHaveLength(requests);
    expect(await readFile(path)).toEqual(edited);
    expect(again.facts.parents.map(({ id }) => id)).toEqual([made?.file.id ?? null]);
    expect(again.text).not.toContain(`Edited from ${again.file.id}`);
    expect(again.facts.warnings).toEqual([]);
    // Answered now, so this is the next edit.
    expectNew(await server.call('edit_image', edit));
    expect(google.requests).toHaveLength(requests + 1);
  });
});

describe.concurrent('of several variations', () => {
  test.for([
    ['was refused', answers.refusal('IMAGE_SAFETY'), 'It did not arrive when the call was made, and was not billed.'],
    ['broke off', answers.reset(), 'It did not arrive when the call was made; it may have been billed.'],
  ] as const)('of a cancelled call, one of which %s, the others are the answer', async ([, failing, says], { raw, google, computer }) => {
    const server = await open(raw, google);
    const gates = [held(), heldAs(failing), held()];
    google.next(...gates.map(({ answer }) => answer));
    send(server, { ...fox, count: 3 });
    await arrived(google, 3);
    await cancel(server);
    for (const { release } of gates) release();
    await entered(computer, 'finished');
    const answer = await server.call('generate_image', { ...fox, count: 3 });
    expectLate(answer);
    expect(answer.facts.images).toHaveLength(2);
    expect(answer.facts.failures).toEqual([{ variation: 3, message: says }]);
    expect(answer.text).toContain(`1 of 3 variations failed: ${says}`);
    expect(google.requests).toHaveLength(3);
  });

  test('those that arrived are delivered when another runs out of time, which may have been billed', async ({ raw, google, computer }) => {
    const server = await open(raw, google, { LIMNER_TIMEOUT_MS: '5000' });
    google.next(picture, answers.hang(), picture);
    const answer = await server.call('generate_image', { ...fox, count: 3 });
    expect(answer.facts.images).toHaveLength(2);
    expect(answer.text).toMatch(/^1 of 3 variations failed: .*may have been billed/m);
    const lines = await ledgerOf(computer);
    expect(lines.filter(({ event }) => event === 'arrived')).toHaveLength(2);
    expect(lines).toContainEqual(expect.objectContaining({ event: 'failed', maybeBilled: true, dollars: mostOf(lines)[0] }));
    expect(answer.facts.cost.today).toBeCloseTo((answer.facts.cost.dollars ?? 0) + (mostOf(lines)[0] ?? 0), 6);
  });
});

describe.concurrent('an attempt whose fate is unknown', () => {
  test('because time was up counts in full and is said to be maybe billed', async ({ raw, google, computer }) => {
    const server = await open(raw, google, { LIMNER_TIMEOUT_MS: '4000' });
    google.next(answers.hang(), picture);
    const answer = await server.call('generate_image', fox);
    expect(answer.code).toBe('timeout');
    expect(google.requests).toHaveLength(1);
    expect(answer.text).toContain('may have been billed');
    const lines = await ledgerOf(computer);
    expect(lines.map(({ event }) => event)).toEqual(['sent', 'failed', 'finished']);
    expect(lines[1]).toMatchObject({ maybeBilled: true, dollars: mostOf(lines)[0] });
    expect(sumOf(lines)).toBe(mostOf(lines)[0]);
    expectNew(await (await open(raw, google)).call('generate_image', fox));
  });

  test('because the connection broke counts in full, each time, and is said to be maybe billed', async ({ raw, google, computer }) => {
    const server = await open(raw, google);
    google.next(answers.reset(), answers.reset());
    const answer = await server.call('generate_image', fox);
    expect(answer.code).toBe('unreachable');
    expect(answer.text).toContain('may have been billed');
    const lines = await ledgerOf(computer);
    expect(lines.filter((line) => line.event === 'failed' && line.maybeBilled)).toHaveLength(2);
    expect(sumOf(lines)).toBeCloseTo(
      mostOf(lines).reduce((sum, most) => sum + most),
      9,
    );
    expect(mostOf(lines)).toHaveLength(2);
  });

  test('is told of and counted when the next attempt brings the picture', async ({ raw, google, computer }) => {
    const server = await open(raw, google);
    google.next(answers.reset(), picture);
    const answer = await server.call('generate_image', fox);
    expect(answer.text).toContain('An earlier attempt broke off without a picture and may have been billed as well.');
    const [most = 0] = mostOf(await ledgerOf(computer));
    expect(answer.facts.cost.today).toBeCloseTo((answer.facts.cost.dollars ?? 0) + most, 6);
  });
});

describe.concurrent('pictures nobody was told of', () => {
  test('are mentioned by the next result in the same folder, in one line, and never again', async ({ raw, google, computer }) => {
    google.always(picture);
    const server = await open(raw, google);
    await loseAnswer(server, google, computer, { ...fox, output: 'one.jpg' });
    await loseAnswer(server, google, computer, { ...fox, output: 'two.jpg' });
    const paths = ['one.jpg', 'two.jpg'].map((name) => join(computer.project, name));
    const next = await server.call('generate_image', { prompt: 'A blue bird' });
    expect(next.text.split('\n').filter((line) => line.includes('answer was lost'))).toEqual([
      `Also here, made by an earlier call whose answer was lost: ${paths.join(', ')}.`,
    ]);
    expect(next.facts.unclaimed.flatMap((call) => call.paths)).toEqual(paths);
    const after = await server.call('generate_image', { prompt: 'A green bird' });
    expect(after.text).not.toContain('answer was lost');
    expect(after.facts.unclaimed).toEqual([]);
    // Told of, and still there for the same call.
    expectLate(await server.call('generate_image', { ...fox, output: 'one.jpg' }), 'one.jpg');
  });

  test('are not mentioned in another folder, nor by an answer that got lost itself, and "last" does not mean them', async ({
    raw,
    start,
    google,
    computer,
  }) => {
    google.always(picture);
    const server = await open(raw, google);
    const bird = await server.call('generate_image', { prompt: 'A blue bird' });
    await loseAnswer(server, google, computer, { ...fox, output: 'one.jpg' });
    await mkdir(join(computer.home, 'elsewhere'));
    const elsewhere = await start({ env: withKey(google), cwd: join(computer.home, 'elsewhere') });
    expect((await elsewhere.call('generate_image', { prompt: 'A green bird' })).facts.unclaimed).toEqual([]);
    await loseAnswer(server, google, computer, { ...fox, output: 'two.jpg' });
    for (const here of [server, await start({ env: withKey(google) })]) {
      expect((await here.call('edit_image', { prompt: 'Rounder', image: 'last', dry_run: true })).plan.inputs).toMatchObject([
        { id: bird.file.id },
      ]);
    }
    const told = await server.call('edit_image', { prompt: 'Rounder', image: 'last' });
    expect(told.facts.parents).toMatchObject([{ id: bird.file.id }]);
    expect(told.facts.unclaimed.flatMap(({ paths }) => paths)).toEqual(['one.jpg', 'two.jpg'].map((name) => join(computer.project, name)));
  });

  test('are not those whose answers are on the way', async ({ raw, google }) => {
    google.always(picture);
    const server = await open(raw, google);
    const calls = Array.from({ length: 6 }, (_, index) => server.call('generate_image', { prompt: `Bird number ${index}` }));
    expect((await Promise.all(calls)).flatMap(({ facts }) => facts.unclaimed)).toEqual([]);
  });
});

describe('the process', { retry: 2 }, () => {
  test('that has nothing to do exits within half a second of the end of stdin', async ({ raw, google }) => {
    const server = await open(raw, google);
    const started = performance.now();
    server.end();
    expect(await server.exit).toBe(0);
    expect(performance.now() - started).toBeLessThan(500);
  });

  test('whose stdin ended stays for what it has sent, at most until its deadline', async ({ raw, google, computer }) => {
    const server = await open(raw, google, { LIMNER_TIMEOUT_MS: '1500' });
    google.next(answers.hang());
    const started = performance.now();
    send(server, fox);
    await arrived(google, 1);
    server.end();
    expect(await server.exit).toBe(0);
    expect(performance.now() - started).toBeGreaterThan(1450);
    expect(await ledgerOf(computer)).toContainEqual(expect.objectContaining({ event: 'failed', maybeBilled: true }));
  });

  test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'waits a moment on %s, then says that what has not come may have been billed',
    async (signal, { raw, google, computer }) => {
      const server = await open(raw, google);
      google.next(answers.hang(), picture, picture);
      send(server, { ...fox, count: 2 });
      await arrived(google, 2);
      await entered(computer, 'arrived');
      const started = performance.now();
      server.kill(signal);
      expect(await server.exit).toBe(0);
      expect(performance.now() - started).toBeLessThan(1800);
      expect(server.log()).toBe('');
      const lines = await ledgerOf(computer);
      expect(lines).toContainEqual(expect.objectContaining({ event: 'failed', maybeBilled: true, dollars: mostOf(lines)[0] }));
      const answer = await (await open(raw, google)).call('generate_image', { ...fox, count: 2 });
      expectLate(answer);
      expect(answer.facts.failures).toMatchObject([{ message: expect.stringContaining('may have been billed') }]);
      expect(google.requests).toHaveLength(2);
    },
  );

  test.for([
    ['with a preview', '1024'],
    ['without', 'none'],
  ] as const)(
    'whose stdout is closed saves the picture, keeps it for the same call, and exits (%s)',
    async ([, preview], { raw, google, computer }) => {
      const server = await open(raw, google, { LIMNER_PREVIEW: preview });
      const { answer, release } = held();
      google.next(answer);
      send(server, fox);
      await arrived(google, 1);
      server.stdout.destroy();
      release();
      await entered(computer, 'finished');
      const started = performance.now();
      expect(await server.exit).toBe(0);
      expect(performance.now() - started).toBeLessThan(1000);
      expect(server.log()).not.toMatch(/^\s+at /m);
      expect((await ledgerOf(computer)).map(({ event }) => event)).not.toContain('answered');
      expectLate(await (await open(raw, google)).call('generate_image', fox));
      expect(google.requests).toHaveLength(1);
    },
  );

  test('whose stderr is closed answers all the same', async ({ google, computer }) => {
    google.next(picture);
    const child = spawn(process.execPath, [built], {
      cwd: computer.project,
      env: { ...computer.env, ...withKey(google), LIMNER_PREVIEW: 'huge' },
    });
    child.stderr.destroy();
    const messages = [
      'this is no JSON-RPC',
      {
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
      },
      { method: 'notifications/initialized' },
      'nor is this',
      { id: 2, method: 'tools/call', params: { name: 'generate_image', arguments: fox } },
    ].map((message) => (typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })));
    child.stdin.write(`${messages.join('\n')}\n`);
    const lines = createInterface({ input: child.stdout });
    for await (const line of lines) if (line.includes('"id":2')) break;
    child.stdin.end();
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(await filesOf(computer)).toHaveLength(1);
  });
});
