import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Filled, fillArchive, findInNewProcess, leaveUnclaimed, listThere, measureArchive } from './endurance/archive.ts';
import { cancelAtRandom, spendInLoop, takeSameName } from './endurance/calls.ts';
import { findUnrecovered, judge } from './endurance/faults.ts';
import { type Ground, openGround } from './endurance/ground.ts';
import { killAtRandom } from './endurance/kills.ts';
import { soak } from './endurance/soak.ts';
import type { Computer } from './fixtures.ts';

// The short form of test/endurance: the same hunts, and what needs no Debian package.

let ground: Ground;

beforeAll(async () => {
  ground = await openGround();
});

afterAll(() => ground.close());

test('kills at random moments tear no file and lose no picture that had arrived', async () => {
  const { kills, torn, lost, arrived, fromArchive } = await killAtRandom(ground, 16, 2);
  expect({ kills, torn, lost }).toEqual({ kills: 16, torn: [], lost: [] });
  expect(fromArchive).toBe(arrived);
});

test('two servers that make pictures of the same name lose none', async () => {
  expect(await takeSameName(ground, 15)).toEqual({ files: 30, pictures: 30, requests: 30, wrong: [] });
});

test('cancels at random moments lose no picture, are not answered, and their retries cost nothing', async () => {
  const { cancels, answered, lost, paidTwice, failed } = await cancelAtRandom(ground, 10);
  expect({ cancels, answered, lost, paidTwice, failed }).toEqual({ cancels: 10, answered: [], lost: [], paidTwice: [], failed: [] });
});

test('two servers in a loop stay below their budget together, and then send nothing', async () => {
  const { ledger, google, refused, after, otherErrors } = await spendInLoop(ground, 20, 0.2);
  expect(otherErrors).toEqual([]);
  expect(Math.max(ledger, google)).toBeLessThanOrEqual(0.2);
  expect(google).toBeGreaterThan(0.1);
  expect(refused).toBeGreaterThan(20);
  expect(after).toBe(0);
});

test('a server that makes many pictures, with faults among them, leaves no file behind and no handle open', async () => {
  const { wrong, stray, handles, faults } = await soak(ground, { warmUp: 10, calls: 30 });
  expect({ wrong, stray, faults }).toEqual({ wrong: [], stray: [], faults: 2 });
  expect(handles.last).toBeLessThanOrEqual(handles.warm);
});

describe('a disk that fails tears nothing, and nothing is said to be saved that is not', () => {
  /** A call under a fault, and one after it. */
  async function callUnder(
    fault: string,
    computer: Computer,
    options: { env?: Record<string, string>; wrap?: string[]; meanwhile?: () => Promise<void> },
  ) {
    const prey = await ground.start(computer, options);
    const prompt = `A red fox and ${fault}`;
    const release = ground.hold();
    const calling = prey.call('generate_image', { prompt });
    if (options.meanwhile) {
      await ground.asked(prompt);
      await options.meanwhile();
    }
    release();
    const outcome = await judge(ground, computer, fault, prompt, await calling);
    expect(outcome.wrong).toEqual([]);
    return { ...outcome, prey, prompt };
  }

  test('a state folder below a file: the picture is delivered, with a warning', async () => {
    const computer = await ground.makeComputer();
    await writeFile(computer.state, 'no folder');
    const env = { LIMNER_STATE_DIR: join(computer.state, 'below') };
    const { result, text, prey, prompt } = await callUnder('no state folder', computer, { env });
    expect(result).toBe('rescued');
    expect(text).toContain('ids will be forgotten');
    expect(await findUnrecovered(prey, 'no state folder', `${prompt}, after`)).toEqual([]);
    await prey.close();
  });

  test('an output folder that is gone when the picture comes: the original is the answer', async () => {
    const computer = await ground.makeComputer();
    const folder = join(computer.project, 'generated-images');
    const { result, text, prey, prompt } = await callUnder('a removed folder', computer, {
      meanwhile: () => rm(folder, { recursive: true }),
    });
    expect(result).toBe('rescued');
    expect(text).toMatch(/Picture 1 is safe: it is at .*state\/images\/img_\w+\.jpg/);
    expect(await findUnrecovered(prey, 'a removed folder', `${prompt}, after`)).toEqual([]);
    await prey.close();
  });

  test('a disk that takes part of a file: neither the original nor the file is left torn, and the loss is said', async () => {
    const computer = await ground.makeComputer();
    // The picture has eight kilobytes; the shell lets no file grow beyond four, in blocks of 512 bytes.
    const wrap = ['sh', '-c', 'ulimit -f 8; exec "$0" "$@"'];
    const { text, prey } = await callUnder('a small disk', computer, { wrap });
    expect(text).toMatch(/which was paid for, is lost/);
    expect(await readdir(join(computer.project, 'generated-images'))).toEqual([]);
    await prey.close();
  });
});

test('a line that breaks off costs no other', async () => {
  const { state } = await ground.makeComputer();
  const path = join(state, 'lines.jsonl');
  const module = pathToFileURL(join(ground.root, 'build', 'files', 'append.js')).href;
  const append = async (line: string, limit: string) => {
    const program = `const { appendLine } = await import(${JSON.stringify(module)}); await appendLine(${JSON.stringify(path)}, ${JSON.stringify(line)});`;
    await promisify(execFile)('sh', ['-c', `ulimit -f ${limit}; exec "$0" --input-type=module -e "$1"`, process.execPath, program]);
  };
  await append('a'.repeat(400), '1');
  await expect(append('b'.repeat(400), '1')).rejects.toThrow();
  await append('c', 'unlimited');
  expect((await readFile(path, 'utf8')).split('\n')).toEqual(['a'.repeat(400), expect.stringMatching(/^b+$/), 'c', '']);
});

describe('the archive', () => {
  // Time that passes is measured by the long form: here other tests run meanwhile. What a processor is busy with, they stretch for both alike.
  test('finds a picture by its content among ten thousand with less than a tenth of the work of reading them all, also after its index was removed', {
    timeout: 120_000,
  }, async () => {
    const computer = await ground.makeComputer();
    const since = new Date('2026-01-01');
    const made = await fillArchive(computer, { count: 10_000, bytes: 400, delivery: 'as it came', since, name: 'many' });
    const find = async (index: number, files?: number) => {
      const found = await findInNewProcess(ground, computer, made[index]?.sha256 ?? '', files);
      expect(found.id).toBe(made[index]?.id);
      return found.busy;
    };
    const searches: number[] = [];
    for (const index of [0, 4999, 9999]) searches.push(await find(index));
    await rm(join(computer.state, 'index.jsonl'));
    const readingAll = await find(7, 128);
    expect(Math.min(...searches)).toBeLessThan(readingAll / 10);
    expect((await readFile(join(computer.state, 'index.jsonl'), 'utf8')).split('\n')).toHaveLength(10_001);
    await find(7);
  });

  test('stays below its cap: what matters least goes first, and what nobody else has stays', async () => {
    const computer = await ground.makeComputer();
    const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 3_600_000);
    const fill = (
      name: string,
      count: number,
      delivery: 'as it came' | 'converted' | 'at its original' | 'not',
      since: Date,
      turns = false,
    ) => fillArchive(computer, { name, count, delivery, since, turns, bytes: 50_000 });
    const old = await fill('old', 20, 'as it came', daysAgo(200), true);
    const recent = await fill('recent', 20, 'as it came', daysAgo(10), true);
    const [oldConverted, newConverted] = [await fill('was', 10, 'converted', daysAgo(60)), await fill('is', 10, 'converted', daysAgo(5))];
    const rescued = await fill('rescued', 2, 'at its original', daysAgo(20));
    const unclaimed = await fill('unclaimed', 5, 'not', daysAgo(300));
    await leaveUnclaimed(computer, unclaimed);
    const all = [...old, ...recent, ...oldConverted, ...newConverted, ...rescued, ...unclaimed];

    const callWithCap = async (gigabytes: string) => {
      const prey = await ground.start(computer, { env: { LIMNER_ARCHIVE_MAX_GB: gigabytes } });
      const answer = await prey.call('generate_image', { prompt: `A red fox below ${gigabytes} GB` });
      await prey.close();
      return answer?.facts.warnings ?? ['no answer'];
    };
    const there = async (pictures: readonly Filled[]) => (await listThere(pictures.map(({ original }) => original))).length;
    const expectRest = async () => {
      expect(await there([...newConverted, ...rescued, ...unclaimed])).toBe(17);
      const records = all.map(({ id }) => join(computer.state, 'images', `${id}.json`));
      const files = [...old, ...recent, ...oldConverted, ...newConverted].map(({ delivered }) => delivered);
      expect(await listThere([...records, ...files])).toHaveLength(records.length + files.length);
    };

    expect(await callWithCap('0.003')).toEqual([]);
    expect(await measureArchive(computer)).toBeLessThanOrEqual(3_000_000);
    expect((await readdir(join(computer.state, 'turns'))).filter((name) => all.some(({ id }) => name.startsWith(id)))).toEqual([]);
    const left = await there(old);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(20);
    // The oldest went, the newer ones stayed.
    expect(await there(old.slice(-left))).toBe(left);
    expect(await there([...recent, ...oldConverted])).toBe(30);
    await expectRest();

    expect(await callWithCap('0.0012')).toEqual([]);
    expect(await measureArchive(computer)).toBeLessThanOrEqual(1_200_000);
    expect(await there([...old, ...recent])).toBe(0);
    expect(await there(oldConverted)).toBeLessThan(10);
    await expectRest();

    const [warning] = await callWithCap('0.0005');
    expect(warning).toMatch(/more than the 500 kB it may have.*LIMNER_ARCHIVE_MAX_GB/);
    expect(await there(oldConverted)).toBe(0);
    await expectRest();
  });
});

test('a call removes what killed processes left half written, when it is old and ours', async () => {
  const computer = await ground.makeComputer();
  const folders = [join(computer.state, 'images'), join(computer.state, 'turns'), join(computer.project, 'generated-images')];
  const [ours, new_, theirs] = ['.limner-0123456789abcdef.part', '.limner-fedcba9876543210.part', '.fox.part'];
  for (const folder of folders) {
    await mkdir(folder, { recursive: true });
    for (const name of [ours, new_, theirs]) await writeFile(join(folder, name), 'half');
    const before = Date.now() / 1000 - 2 * 3600;
    for (const name of [ours, theirs]) await utimes(join(folder, name), before, before);
  }
  const prey = await ground.start(computer);
  await prey.call('generate_image', { prompt: 'A red fox that sweeps' });
  await prey.close();
  for (const folder of folders) expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([theirs, new_]);
});

test('what limner keeps is for this person alone, whatever the mask', async () => {
  const computer = await ground.makeComputer();
  const prey = await ground.start(computer, { wrap: ['sh', '-c', 'umask 000; exec "$0" "$@"'] });
  await prey.call('generate_image', { prompt: 'A red fox in private', output: 'fox.jpg' });
  await prey.call('generate_image', { prompt: 'A red fox in private again', output: 'fox.jpg', overwrite: true });
  await prey.close();
  const entries = await readdir(computer.state, { recursive: true, withFileTypes: true });
  const modes = await Promise.all(
    entries.map(async (entry) => [entry.name, ((await stat(join(entry.parentPath, entry.name))).mode & 0o777).toString(8)]),
  );
  expect(modes.length).toBeGreaterThan(8);
  expect(
    modes.filter(([name], index) => modes[index]?.[1] !== (entries[index]?.isDirectory() ? '700' : '600') && name !== undefined),
  ).toEqual([]);
  expect((await stat(computer.state)).mode & 0o777).toBe(0o700);
});
