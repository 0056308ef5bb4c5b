import { setTimeout } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { Prey } from '../endurance/prey.ts';
import { answers } from '../google/index.ts';
import { holding } from './faults-disk.ts';
import { alone, expectSuccess, type Fault, type Place, type Scene, together } from './faults-stage.ts';
import { amount } from './form.ts';
import { workOf } from './processes.ts';

/** The same call, sent again to a server: answered with what the first brought, and paid once. */
async function expectRecovered(server: Prey, scene: Scene): Promise<void> {
  const { text, facts } = await expectSuccess(await server.call('generate_image', scene.args));
  expect(text).toMatch(/it was paid then/);
  expect(facts.cost.dollars).toBe(0);
  expect(scene.requests()).toHaveLength(1);
  expect(await scene.files()).toHaveLength(1);
}

/** Waits for the picture, not for what proves that there is room for it. */
async function isDelivered(scene: Scene): Promise<void> {
  const isThere = async () => expect((await scene.files()).filter((name) => name.endsWith('.jpg'))).toHaveLength(1);
  await vi.waitFor(isThere, { timeout: 20_000, interval: 5 });
}

function ended(fault: string, end: (server: Prey, release: () => void, place: Place) => Promise<void>): Fault {
  return alone(fault, async (stage, place) => {
    const server = await place.start();
    const { scene, release } = holding(stage, place);
    server.send('generate_image', scene.args);
    await scene.asked();
    await end(server, release, place);
    expect([await server.exit, server.code()]).toEqual([null, 0]);
    expect(server.log()).not.toMatch(/^\s+at /m);
    const next = await place.start();
    await expectRecovered(next, scene);
    await scene.good(next);
  });
}

/** What the client may do, and the pipes to it. */
export const clientFaults: readonly Fault[] = [
  together('a call that is cancelled before anything is sent', async (stage, server, place) => {
    const scene = stage.scene(place);
    const call = { jsonrpc: '2.0', id: 'gone', method: 'tools/call', params: { name: 'generate_image', arguments: scene.args } };
    const cancellation = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'gone' } };
    server.write(`${JSON.stringify(call)}\n${JSON.stringify(cancellation)}\n`);
    await scene.good(server);
    expect(scene.requests()).toEqual([]);
    expect(server.answerTo('gone')).toBeUndefined();
  }),
  together('a call that is cancelled while Google paints', async (stage, server, place) => {
    const { scene, release } = holding(stage, place);
    const id = server.send('generate_image', scene.args);
    await scene.asked();
    await server.cancel(id);
    release();
    await isDelivered(scene);
    expect(server.answerTo(id)).toBeUndefined();
    await expectRecovered(server, scene);
    await scene.good(server);
  }),
  together('a cancellation that comes after the picture', async (stage, server, place) => {
    const scene = stage.scene(place);
    const id = server.send('generate_image', scene.args);
    await isDelivered(scene);
    await server.cancel(id);
    await expectRecovered(server, scene);
    await scene.good(server);
  }),
  ended('stdin that ends in mid-call', async (server, release) => {
    const closing = server.close();
    release();
    await closing;
  }),
  alone('a signal in mid-call', async (stage, place) => {
    for (const signal of (['SIGTERM', 'SIGINT', 'SIGHUP'] as const).slice(0, amount(1, 3))) {
      const server = await place.start();
      const scene = stage.scene(place, answers.hang());
      server.send('generate_image', scene.args);
      await scene.asked();
      const started = performance.now();
      await server.kill(signal);
      expect(performance.now() - started).toBeLessThan(amount(4000, 1800));
      expect([server.code(), server.log()]).toEqual([0, '']);
      scene.mend();
      const next = await place.start();
      const { text } = await expectSuccess(await next.call('generate_image', scene.args));
      expect(text).toMatch(/may have been billed/);
      expect(scene.requests()).toHaveLength(2);
      await scene.good(next);
      await next.close();
    }
  }),
  ended('stdout that is closed before the answer', async (server, release, place) => {
    server.stopReading('stdout');
    release();
    await place.entered({ event: 'finished' });
    const started = performance.now();
    await server.exit;
    expect(performance.now() - started).toBeLessThan(amount(3000, 1000));
  }),
  alone('stderr that is closed', async (stage, place) => {
    const server = await place.start({ env: { LIMNER_PREVIEW: 'huge' } });
    const scene = stage.scene(place);
    server.stopReading('stderr');
    server.write('no message\n'.repeat(100));
    await expectSuccess(await server.call('generate_image', scene.args));
    const before = await workOf(server.pid);
    await setTimeout(500);
    expect((await workOf(server.pid)) - before).toBeLessThan(0.2);
    await scene.good(server);
  }),
  together('garbage on stdin', async (stage, server, place) => {
    const scene = stage.scene(place);
    const lines = ['', '{', 'null', '[]', '[{"jsonrpc":"2.0","id":"a","method":"ping"}]', '{"jsonrpc":"1.0","id":"b","method":"ping"}'];
    const more = ['{"jsonrpc":"2.0","id":{},"method":"ping"}', '\u0000\u0001\u001b[2J', '{"jsonrpc":"2.0","id":"c"}', '"'.repeat(5000)];
    server.write(`${[...lines, ...more].join('\n')}\n`);
    const twice = JSON.stringify({ jsonrpc: '2.0', id: 'twice', method: 'ping' });
    server.write(`${twice}\n${twice}\n${twice.slice(0, 20)}`);
    server.write(`${twice.slice(20)}\n`);
    expect((await server.ask('tools/list', {}))?.error).toBeUndefined();
    expect(scene.requests()).toEqual([]);
    await scene.good(server);
  }),
  alone('a line longer than any message', async (stage, place) => {
    const [server, scene] = [await place.start(), stage.scene(place)];
    const image = 'A'.repeat(amount(20, 80) * 1024 * 1024);
    const reply = await server.ask('tools/call', { name: 'edit_image', arguments: { ...scene.args, image } });
    expect(JSON.stringify(reply)).toMatch(/\d+ MB.*path|path.*\d+ MB/);
    expect(scene.requests()).toEqual([]);
    await scene.good(server);
  }),
  alone('twenty calls at once, one of them on a very large picture', async (stage, place) => {
    const [server, scene] = [await place.start(), stage.scene(place)];
    await scene.good(server);
    const [width, height] = amount(0, 1) === 0 ? [2000, 1500] : [8000, 6200];
    const large = stage.scene(place, answers.picture({ width, height, signatureBytes: 400 }));
    const made = await expectSuccess(await server.call('generate_image', large.args));
    const calls = Array.from({ length: 20 }, (_, index) =>
      index === 0
        ? server.call('edit_image', { prompt: 'At night', image: made.file.id, width: 640 })
        : server.call('generate_image', { ...scene.args, prompt: `${scene.prompt} ${index}` }),
    );
    let open = true;
    const answered = Promise.all(calls).finally(() => {
      open = false;
    });
    let longest = 0;
    while (open) {
      const started = performance.now();
      expect((await server.ask('tools/list', {}))?.error).toBeUndefined();
      longest = Math.max(longest, performance.now() - started);
    }
    for (const answer of await answered) await expectSuccess(answer);
    expect(longest).toBeLessThan(amount(3000, 1000));
    await scene.good(server);
  }),
];
