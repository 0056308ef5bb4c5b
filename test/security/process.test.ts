import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, vi } from 'vitest';
import { type Bare, hello, openBare, startBare } from '../bare.ts';
import { cancelAtRandom } from '../endurance/calls.ts';
import { openGround } from '../endurance/ground.ts';
import { readLedger } from '../endurance/leftovers.ts';
import { test as base, built, type Computer, withKey } from '../fixtures.ts';
import { answers, type Google } from '../google/index.ts';
import { arrived, held, small } from '../raw.ts';
import { amount, figure } from './form.ts';
import { medianOf, memoryOf, workOf } from './processes.ts';

/** Starts servers, and checks at the end that they wrote nothing but messages. */
const test = base.extend<{
  open: (...given: Parameters<typeof openBare> extends [unknown, ...infer Rest] ? Rest : never) => Promise<Bare>;
}>({
  open: async ({ computer }, use) => {
    const started: Bare[] = [];
    await use(async (options) => {
      const bare = await openBare(computer, options);
      started.push(bare);
      return bare;
    });
    for (const bare of started) {
      bare.kill('SIGKILL');
      await bare.exit;
    }
    expect(started.flatMap(({ strays }) => strays)).toEqual([]);
  },
});

/** A machine under load may not keep to a time; in the whole form it has to. */
const timed = { retry: amount(2, 0), timeout: 300_000 };

const fox = { prompt: 'A red fox on a hill' };
const callFox = { id: 'fox', method: 'tools/call', params: { name: 'generate_image', arguments: fox } };
const standin = { LIMNER_BACKEND: 'standin' };
const isFox = ({ id }: { id?: string | number | undefined }) => id === 'fox';

/** Environment that has a module run in the server before anything else does. */
async function preload(computer: Computer, code: string): Promise<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${pathToFileURL(await computer.write('preload.mjs', code)).href}` };
}

describe('stdout', () => {
  test('carries messages and nothing else, whatever a dependency prints', async ({ computer, google, open }) => {
    const code = `
      import { Worker } from 'node:worker_threads';
      import nodeConsole from 'node:console';
      const { stdout } = process;
      const early = console;
      globalThis.noise = () => {
        console.log('printed 1'); console.info('printed 2'); console.table([1]); early.log('printed 3'); nodeConsole.log('printed 4');
        process.stdout.write('printed 5\\n'); stdout.write(Buffer.from('printed 6\\n')); stdout.write('printed 7', 'utf8', () => undefined);
      };
      process.on('SIGUSR2', () => setInterval(noise, 5));
      process.on('SIGUSR2', () => new Worker("setInterval(() => { console.log('printed 8'); process.stdout.write('printed 9') }, 5)", { eval: true }));
    `;
    google.always(answers.picture(small));
    const server = await open({ env: { ...withKey(google), ...(await preload(computer, code)) } });
    server.kill('SIGUSR2');
    const printed = () => Array.from({ length: 9 }, (_, at) => `printed ${at + 1}`).filter((words) => server.log().includes(words));
    await vi.waitFor(() => expect(printed()).toHaveLength(9), { timeout: 20_000 });
    for (let count = 0; count < amount(3, 50); count += 1) {
      const { result } = await server.request('tools/call', { name: 'generate_image', arguments: { prompt: `Fox ${count}` } });
      expect(result).not.toHaveProperty('isError', true);
    }
    expect(server.strays).toEqual([]);
    figure(
      'stdout',
      `${server.messages.length} lines, ${server.strays.length} of them no JSON-RPC, while a dependency printed in nine ways`,
    );
  });

  test('that nobody reads for a while takes bounded memory, and all is answered', { timeout: 600_000 }, async ({ open }) => {
    const server = await open({ env: standin });
    await server.request('tools/list');
    server.stdout.pause();
    const before = await memoryOf(server.pid);
    const lists = amount(1_000, 20_000);
    const calls = 20;
    for (let id = 0; id < calls; id += 1)
      server.send({ id, method: 'tools/call', params: { name: 'generate_image', arguments: { prompt: `Fox ${id}` } } });
    for (let id = calls; id < calls + lists; id += 1) server.send({ id, method: 'tools/list' });
    // Idle for a second: it waits for its reader.
    await vi.waitFor(
      async () => {
        const used = await workOf(server.pid);
        await setTimeout(1000);
        expect((await workOf(server.pid)) - used).toBeLessThan(0.05);
      },
      { timeout: 300_000 },
    );
    const growth = (await memoryOf(server.pid)) - before;
    server.stdout.resume();
    await vi.waitFor(() => expect(server.messages.filter(({ id }) => typeof id === 'number')).toHaveLength(calls + lists), {
      timeout: 300_000,
    });
    figure(
      'a host that does not read',
      `${calls} calls and ${lists} lists: ${growth.toFixed(0)} MB more memory, all answered once it read`,
    );
    expect(growth).toBeLessThan(250);
  });

  test.for(['2>&-', '>&-', '2>/dev/full', '2>&- >&-'])('and stderr may be closed from the start (%s)', async (redirect, { computer }) => {
    const server = startBare(computer, { env: { ...standin, LIMNER_PREVIEW: 'huge' }, redirect });
    server.send(hello);
    await server.write('garbage\n');
    server.send(callFox);
    if (redirect.includes('>&-') && redirect !== '2>&-')
      await vi.waitFor(async () => expect(await readdir(computer.project)).toContain('generated-images'), { timeout: 20_000 });
    else expect((await server.next(isFox)).result).toBeDefined();
    server.end();
    expect(await server.exit).toBe(0);
  });
});

/** Milliseconds from what ends a server to its end. */
async function timeOf(server: Bare, end: () => void): Promise<number> {
  const start = performance.now();
  end();
  const code = await server.exit;
  expect(code, server.log()).toBe(0);
  return performance.now() - start;
}

/** Judges the median, since other tests run meanwhile, and in the whole form the worst. */
function judge(what: string, times: readonly number[], limitMs: number): void {
  const worst = Math.max(...times);
  figure(
    what,
    `median ${medianOf(times).toFixed(0)} ms, worst ${worst.toFixed(0)} ms of ${times.length}, limit ${limitMs} ms, exit code 0`,
  );
  expect(amount(medianOf(times), worst)).toBeLessThan(limitMs);
}

const open20 =
  'import { createServer } from "node:net"; for (let n = 0; n < 20; n += 1) { setInterval(() => {}, 1000); createServer().listen(0); }';

describe('a server that has nothing to do', timed, () => {
  test.for([
    ['stdin ends', (server: Bare) => server.end()],
    ['stdin is closed', (server: Bare) => server.stdin.destroy()],
    ['SIGTERM comes', (server: Bare) => server.kill('SIGTERM')],
    ['SIGINT comes', (server: Bare) => server.kill('SIGINT')],
    ['SIGHUP comes', (server: Bare) => server.kill('SIGHUP')],
  ] as const)('exits when %s, with timers and sockets open', async ([what, end], { computer, google, open }) => {
    google.always(answers.picture(small));
    const env = { ...withKey(google), ...(await preload(computer, open20)) };
    const times: number[] = [];
    for (let count = 0; count < amount(1, 30); count += 1) {
      const server = await open({ env });
      // Leaves a connection to Google that is kept alive.
      server.send({ ...callFox, params: { name: 'generate_image', arguments: { prompt: `Fox ${count}` } } });
      await server.next(isFox);
      times.push(await timeOf(server, () => end(server)));
    }
    judge(`idle, ${what}`, times, 500);
  });
});

describe('a server in the middle of a call', timed, () => {
  async function busy(open: (options: { env: Record<string, string> }) => Promise<Bare>, google: Google): Promise<Bare> {
    google.reset();
    google.next(answers.hang());
    const server = await open({ env: withKey(google) });
    server.send(callFox);
    await arrived(google, 1);
    return server;
  }

  test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'exits on %s before hosts kill it',
    { timeout: 300_000 },
    async (signal, { google, open }) => {
      const times: number[] = [];
      for (let count = 0; count < amount(1, 20); count += 1) {
        const server = await busy(open, google);
        times.push(await timeOf(server, () => server.kill(signal)));
      }
      judge(`busy, ${signal}`, times, 1800);
    },
  );

  test('exits when its stdout is closed, and saves the picture', async ({ computer, google, open }) => {
    const times: number[] = [];
    for (let count = 0; count < amount(1, 20); count += 1) {
      google.reset();
      const { answer, release } = held();
      google.next(answer);
      const server = await open({ env: withKey(google) });
      server.send({ ...callFox, params: { name: 'generate_image', arguments: { prompt: `Fox ${count}`, output: `fox-${count}.jpg` } } });
      await arrived(google, 1);
      server.stdout.destroy();
      release();
      await vi.waitFor(async () => expect(await readdir(computer.project)).toContain(`fox-${count}.jpg`), { timeout: 20_000, interval: 5 });
      times.push(await timeOf(server, () => undefined));
      expect(server.log()).not.toMatch(/^\s+at /m);
    }
    judge('stdout closed, from the saved picture to the exit', times, 1000);
  });

  test('goes on when its stderr is closed, and does not spin', async ({ google, open }) => {
    const server = await busy(open, google);
    server.stderr.destroy();
    await server.write('garbage\n'.repeat(10));
    await server.write('{"jsonrpc":"2.0","method":7}\n'.repeat(10));
    expect((await server.request('ping')).result).toEqual({});
    const [before, start] = [await workOf(server.pid), performance.now()];
    await setTimeout(amount(1000, 5000));
    const share = ((await workOf(server.pid)) - before) / ((performance.now() - start) / 1000);
    figure('stderr closed', `${(share * 100).toFixed(1)} % of a processor`);
    expect(share).toBeLessThan(0.05);
  });
});

describe('a call whose sender ends stdin at once, as a pipe of a shell does', () => {
  test('is answered, and so is everything else that was asked', async ({ computer, google }) => {
    google.always(answers.picture(small));
    const server = startBare(computer, { env: withKey(google) });
    const sent = [hello, { method: 'notifications/initialized' }, callFox, { id: 'list', method: 'tools/list' }];
    await server.write(sent.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join(''));
    server.end();
    expect(await server.exit).toBe(0);
    expect(server.messages.map(({ id }) => id).sort()).toEqual(['fox', 'hello', 'list']);
    expect(server.messages.find(isFox)?.result).not.toHaveProperty('isError', true);
    // Hosts that end stdin may have gone: the same call again costs nothing.
    const again = await openBare(computer, { env: withKey(google) });
    again.send(callFox);
    expect(JSON.stringify((await again.next(isFox)).result)).toContain('this answer costs nothing');
    expect(google.requests).toHaveLength(1);
    again.end();
    expect(await again.exit).toBe(0);
  });

  test('is not tried again, and says what went wrong', async ({ computer, google }) => {
    google.always(answers.rateLimited(30));
    const server = startBare(computer, { env: withKey(google) });
    await server.write([hello, callFox].map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join(''));
    server.end();
    expect(await server.exit).toBe(0);
    expect(server.messages.find(isFox)?.result).toMatchObject({ isError: true, _meta: { 'limner/result': { error: { code: 'quota' } } } });
    expect(google.requests).toHaveLength(1);
  });
});

describe('a bug outside of any call', () => {
  test('is logged, and calls under way are answered', async ({ computer, google, open }) => {
    const bugs = `
      process.on('SIGUSR2', () => {
        setImmediate(() => { throw new Error('thrown \\u001b[31m by nobody'); });
        void Promise.reject(new Error('rejected by nobody'));
        void Promise.reject('rejected with a text');
      });`;
    const { answer, release } = held();
    google.next(answer);
    const server = await open({ env: { ...withKey(google), ...(await preload(computer, bugs)) } });
    server.send(callFox);
    await arrived(google, 1);
    server.kill('SIGUSR2');
    await vi.waitFor(() => expect(server.log()).toMatch(/rejected with a text/));
    await vi.waitFor(() => expect(server.log()).toMatch(/thrown {2}by nobody[\s\S]*at /));
    expect(server.log()).toContain('rejected by nobody');
    release();
    expect((await server.next(isFox)).result).not.toHaveProperty('isError', true);
    // One that keeps failing ends, once its calls are done.
    for (let count = 0; count < 7; count += 1) {
      server.kill('SIGUSR2');
      await setTimeout(20);
    }
    expect(await server.exit).toBe(1);
  });
});

describe('many calls', timed, () => {
  test('at once leave tools/list quick', async ({ google, open }) => {
    google.always(answers.picture({ width: amount(512, 1024), height: amount(512, 1024) }));
    const server = await open({ env: { ...withKey(google), LIMNER_PREVIEW: '512' } });
    const times: number[] = [];
    for (let round = 0; round < amount(1, 10); round += 1) {
      const ids = Array.from({ length: 20 }, (_, at) => `${round}-${at}`);
      for (const id of ids)
        server.send({ id, method: 'tools/call', params: { name: 'generate_image', arguments: { prompt: `Fox ${id}`, format: 'png' } } });
      const isAnswered = () => ids.every((id) => server.messages.some((message) => message.id === id));
      while (!isAnswered()) {
        const start = performance.now();
        await server.request('tools/list');
        times.push(performance.now() - start);
        await setTimeout(10);
      }
      const failed = server.messages.filter(({ id, result }) => ids.includes(String(id)) && result?.isError === true);
      expect(failed).toEqual([]);
    }
    const [p99, worst] = [[...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0, Math.max(...times)];
    figure('tools/list during 20 calls', `99 % within ${p99.toFixed(0)} ms, worst ${worst.toFixed(0)} ms of ${times.length}`);
    expect(amount(medianOf(times), p99)).toBeLessThan(250);
  });

  test('cancelled at random moments are not answered, and the next call works', { timeout: 900_000 }, async () => {
    const ground = await openGround();
    const { cancels, tooLate, answered, lost, paidTwice, failed } = await cancelAtRandom(ground, amount(3, 200));
    figure(
      'cancels',
      `${cancels} at random moments: ${answered.length} answered, ${lost.length} pictures lost, ${paidTwice.length} paid twice, ${failed.length} next calls failed (${tooLate} more were too late)`,
    );
    await ground.close();
    expect({ answered, lost, paidTwice, failed }).toEqual({ answered: [], lost: [], paidTwice: [], failed: [] });
  });
});

describe('a client that is killed', () => {
  const client = (env: Record<string, string>, prompt: string) => `
    import { spawn } from 'node:child_process';
    const server = spawn(process.execPath, [${JSON.stringify(built)}], { stdio: ['pipe', 'pipe', 'ignore'], env: ${JSON.stringify(env)} });
    console.log(server.pid);
    for (const message of ${JSON.stringify([hello, { ...callFox, params: { name: 'generate_image', arguments: { prompt } } }])}) server.stdin.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
    setInterval(() => {}, 1000);`;

  test('leaves no server behind, and no picture is lost', { timeout: 600_000 }, async ({ computer, google }) => {
    google.always(answers.picture(small));
    const kills = amount(2, 100);
    const orphans: number[] = [];
    for (let count = 0; count < kills; count += 1) {
      const code = client({ ...computer.env, ...withKey(google), LIMNER_PREVIEW: 'none', LIMNER_MAX_REPEATS: '0' }, `Fox ${count}`);
      const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
        cwd: computer.project,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [pid] = await once(createInterface({ input: parent.stdout }), 'line');
      const requests = google.requests.length;
      if (count % 2 === 0) await setTimeout(Math.random() * 600);
      else await arrived(google, requests + 1);
      parent.kill('SIGKILL');
      await once(parent, 'close');
      const isGone = async () => expect(await readdir('/proc')).not.toContain(String(pid));
      await vi.waitFor(isGone, { timeout: 10_000, interval: 20 }).catch(() => orphans.push(Number(pid)));
    }
    const lines = await readLedger(computer.state);
    const open = lines.filter(
      (line) => line.event === 'sent' && !lines.some((other) => other.event === 'arrived' && other.request === line.request),
    );
    figure(
      'clients killed',
      `${kills} at random moments: ${orphans.length} servers left behind, ${open.length} of ${google.requests.length} requests not kept`,
    );
    expect({ orphans, open }).toEqual({ orphans: [], open: [] });
    expect((await readdir(join(computer.state, 'images'))).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});
