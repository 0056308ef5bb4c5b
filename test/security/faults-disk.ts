import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { isTemporary } from '../../src/files/draft.ts';
import { findUntrue, inspectLeftovers } from '../endurance/leftovers.ts';
import type { Prey } from '../endurance/prey.ts';
import { alone, expectError, expectSuccess, type Fault, type Place, picture, type Scene, type Stage, together } from './faults-stage.ts';
import { amount } from './form.ts';

/**
 * A disk that fails as it is told by the file DISK_FAULT names: one call of the system on a file of limner's being written below a folder. It stands under
 * Node's own fs, so everything of limner's is as it is.
 */
const failingDisk = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  import { dirname } from 'node:path';
  const { openSync, closeSync, linkSync, write, writeSync, fsync } = fs;
  const written = new Map();
  const fail = (call, path) => {
    let fault;
    try { fault = JSON.parse(fs.readFileSync(process.env.DISK_FAULT, 'utf8')); } catch { return; }
    // The folder may be named by a number the system gave it when it was opened.
    if (fault.call !== call || !fs.realpathSync(dirname(String(path))).startsWith(fault.folder)) return;
    if (fault.code === 'SIGKILL') { process.kill(process.pid, 'SIGKILL'); for (;;); }
    throw Object.assign(new Error(fault.code), { code: fault.code });
  };
  // What makes a promise of such a function asks the function itself what it calls back with.
  const likeIt = (real, other) => {
    for (const key of Object.getOwnPropertySymbols(real)) Object.defineProperty(other, key, Object.getOwnPropertyDescriptor(real, key));
    return other;
  };
  fs.openSync = (path, ...rest) => {
    const isDraft = String(path).endsWith('.part');
    if (isDraft) fail('open', path);
    const fd = openSync(path, ...rest);
    if (isDraft) written.set(fd, fs.readlinkSync('/proc/self/fd/' + fd));
    return fd;
  };
  fs.closeSync = (fd) => { written.delete(fd); closeSync(fd); };
  fs.write = likeIt(write, (fd, bytes, ...rest) => {
    const done = rest.at(-1);
    try {
      if (written.has(fd)) fail('write', written.get(fd));
      write(fd, bytes, ...rest);
    } catch (error) {
      writeSync(fd, bytes.subarray(0, bytes.length / 2));
      process.nextTick(done, error);
    }
  });
  fs.writeSync = (fd, bytes, ...rest) => {
    try {
      if (written.has(fd)) fail('write', written.get(fd));
    } catch (error) {
      writeSync(fd, bytes.subarray(0, bytes.length / 2));
      throw error;
    }
    return writeSync(fd, bytes, ...rest);
  };
  fs.fsync = likeIt(fsync, (fd, done) => {
    try {
      if (written.has(fd)) fail('sync', written.get(fd));
      fsync(fd, done);
    } catch (error) {
      process.nextTick(done, error);
    }
  });
  fs.linkSync = (from, to) => { fail('link', to); linkSync(from, to); };
  syncBuiltinESMExports();
`;

interface DiskFault {
  call: 'open' | 'write' | 'sync' | 'link';
  code: string;
  folder: string;
}

/** A server whose disk can be told to fail. */
async function startOnDisk(place: Place): Promise<{ server: Prey; fail(fault: DiskFault): Promise<void>; mend(): Promise<void> }> {
  const path = join(dirname(place.computer.state), 'disk-fault');
  return {
    server: await place.start({ preload: failingDisk, env: { DISK_FAULT: path } }),
    fail: (fault) => writeFile(path, JSON.stringify(fault)),
    mend: () => rm(path, { force: true }),
  };
}

/** A picture Google holds back until something has happened. */
export function holding(stage: Stage, place: Place): { scene: Scene; release: () => void } {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { scene: stage.scene(place, async (request) => gate.then(() => picture(request))), release };
}

/** A call during which something happens to the disk: nothing is torn or left behind, and the picture is safe somewhere. */
async function callWhile(stage: Stage, place: Place, server: Prey, happens: (scene: Scene) => Promise<void>) {
  const { scene, release } = holding(stage, place);
  const calling = server.call('generate_image', scene.args);
  await scene.asked();
  await happens(scene);
  release();
  const answer = await calling;
  const { torn, parts } = await inspectLeftovers(place.computer, []);
  expect(parts).toEqual([]);
  expect(torn.filter((sentence) => !/is not what Google sent| arrived and |is torn/.test(sentence))).toEqual([]);
  return { scene, answer };
}

/** The picture is not where it was wanted, but where the answer says. */
async function expectRescued(scene: Scene, answer: Awaited<ReturnType<Prey['call']>>): Promise<void> {
  const { text, file } = await expectSuccess(answer);
  expect(text).toMatch(/Picture 1 is safe: it is at /);
  expect(file.path.startsWith(scene.folder)).toBe(false);
  expect(await scene.files()).toEqual([]);
  expect(scene.requests()).toHaveLength(1);
}

export const diskFaults: readonly Fault[] = [
  alone('a disk that is full where the picture is wanted', async (stage, place) => {
    const { server, fail, mend } = await startOnDisk(place);
    const { scene, answer } = await callWhile(stage, place, server, ({ folder }) => fail({ call: 'write', code: 'ENOSPC', folder }));
    await expectRescued(scene, answer);
    await mend();
    await scene.good(server);
  }),
  together('a place that cannot be written', async (stage, server, place) => {
    await place.computer.write('file', 'no folder');
    const scene = stage.scene(place);
    for (const output of ['file/', 'file/fox.png', 'file/deeper/still/']) {
      expectError(await server.call('generate_image', { ...scene.args, output }), 'cannot_write', /nothing was charged/i);
    }
    expect(scene.requests()).toEqual([]);
    await scene.good(server);
  }),
  alone('a folder that is removed in mid-call', async (stage, place) => {
    const server = await place.start();
    const { scene, answer } = await callWhile(stage, place, server, ({ folder }) => rm(folder, { recursive: true }));
    await expectRescued(scene, answer);
    await scene.good(server);
  }),
  alone('a name that is too long, too many files, a quota, a broken and a read-only disk', async (stage, place) => {
    const { server, fail, mend } = await startOnDisk(place);
    for (const [call, code] of [
      ['link', 'ENAMETOOLONG'],
      ['open', 'EMFILE'],
      ['write', 'EDQUOT'],
      ['sync', 'EIO'],
      ['open', 'EROFS'],
    ] as const) {
      const { scene, answer } = await callWhile(stage, place, server, ({ folder }) => fail({ call, code, folder }));
      await expectRescued(scene, answer);
      await mend();
      await scene.good(server);
    }
  }),
  together('two servers that want the same names', async (stage, server, place) => {
    const [scene, servers] = [stage.scene(place), [server, await place.start()]];
    const each = amount(4, 20);
    const calls = servers.flatMap((server) => Array.from({ length: each }, () => server.call('generate_image', scene.args)));
    const made = await Promise.all((await Promise.all(calls)).map(expectSuccess));
    expect(new Set(made.map(({ file }) => file.path)).size).toBe(2 * each);
    expect(await scene.files()).toHaveLength(2 * each);
    expect((await Promise.all(made.map(findUntrue))).flat()).toEqual([]);
    for (const each of servers) await scene.good(each);
  }),
  alone('a kill in the middle of writing', async (stage, place) => {
    const { server, fail, mend } = await startOnDisk(place);
    const { scene, release } = holding(stage, place);
    const calling = server.call('generate_image', scene.args);
    await scene.asked();
    // By then the picture is in the archive, and the file has everything but its name.
    await fail({ call: 'link', code: 'SIGKILL', folder: scene.folder });
    release();
    expect([await calling, await server.exit]).toEqual([undefined, 'SIGKILL']);
    expect((await scene.files()).map(isTemporary)).toEqual([true]);
    await mend();
    const next = await place.start();
    const again = await expectSuccess(await next.call('generate_image', scene.args));
    expect(again.text).toMatch(/it was paid then/);
    expect(scene.requests()).toHaveLength(1);
    await scene.good(next);
  }),
  alone('a kill between the answer and its first byte on the disk', async (stage, place) => {
    const { server, fail, mend } = await startOnDisk(place);
    const { scene, release } = holding(stage, place);
    const calling = server.call('generate_image', scene.args);
    await scene.asked();
    await fail({ call: 'open', code: 'SIGKILL', folder: join(place.computer.state, 'images') });
    release();
    expect([await calling, await server.exit]).toEqual([undefined, 'SIGKILL']);
    await mend();
    expect((await place.ledger()).map(({ event }) => event)).toEqual(['sent']);
    const next = await place.start();
    const { text } = await expectSuccess(await next.call('generate_image', scene.args));
    expect(text).toMatch(/same call was cut off before and may have been billed/);
    await scene.good(next);
  }),
  alone('a damaged archive', async (stage, place) => {
    const scene = stage.scene(place);
    const first = await place.start();
    const [sound, torn, huge] = [await scene.good(first), await scene.good(first), await scene.good(first)];
    await first.close();
    const recordOf = ({ file }: typeof torn) => join(place.computer.state, 'images', `${file.id}.json`);
    await writeFile(recordOf(torn), '{"id": ');
    await writeFile(recordOf(huge), `{"__proto__": {"id": "${huge.file.id}"}, "version": 99, "deep": ${'['.repeat(100_000)}`);
    await writeFile(join(place.computer.state, 'index.jsonl'), Buffer.alloc(100_000));
    await writeFile(join(place.computer.state, 'ledger', '2026-01-01.jsonl'), '\0\0{"event":"sent"}\n[[[[');
    const server = await place.start();
    for (const { file } of [torn, huge]) {
      expectError(await server.call('edit_image', { prompt: 'At night', image: file.id }), 'not_found', /knows no picture/);
    }
    await expectSuccess(await server.call('edit_image', { prompt: 'At night', image: sound.file.id }));
    await scene.good(server);
  }),
  together('two servers that go on with one picture at once', async (stage, one, place) => {
    const [scene, two] = [stage.scene(place), await place.start()];
    const { file } = await scene.good(one);
    const edits = [one, two].map((server, index) => server.call('edit_image', { prompt: `Edit ${index}`, image: file.id }));
    for (const [index, edit] of (await Promise.all(edits)).entries()) {
      const made = await expectSuccess(edit);
      expect(made.facts.history).toMatchObject({ after: file.id, turns: 1 });
      const further = await (index === 0 ? two : one).call('edit_image', { prompt: 'And warmer', image: made.file.id });
      expect((await expectSuccess(further)).facts.history).toMatchObject({ after: made.file.id, turns: 2 });
    }
    await scene.good(one);
  }),
  alone('a state folder that cannot be made', async (stage, place) => {
    const file = await place.computer.write('file', 'no folder');
    const [scene, server] = [stage.scene(place), await place.start({ env: { LIMNER_STATE_DIR: join(file, 'state') } })];
    const { text } = await expectSuccess(await server.call('generate_image', scene.args));
    expect(text).toMatch(/ids will be forgotten/);
    await scene.good(server);
  }),
  alone('a mask that lets everybody read', async (stage, place) => {
    const [scene, server] = [stage.scene(place), await place.start({ wrap: ['sh', '-c', 'umask 000; exec "$0" "$@"'] })];
    await expectSuccess(await server.call('generate_image', scene.args));
    const entries = await readdir(place.computer.state, { recursive: true, withFileTypes: true });
    const modes = entries.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).mode & 0o777);
    const wanted = entries.map((entry) => (entry.isDirectory() ? 0o700 : 0o600));
    expect(await Promise.all(modes)).toEqual(wanted);
    expect((await stat(place.computer.state)).mode & 0o777).toBe(0o700);
    await scene.good(server);
  }),
];
