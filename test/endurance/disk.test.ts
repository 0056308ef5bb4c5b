import { execFile } from 'node:child_process';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Computer } from '../fixtures.ts';
import { findUnrecovered, judge, type Outcome } from './faults.ts';
import { type Ground, openGround } from './ground.ts';
import { report } from './report.ts';
import { type FileCall, readCalls, threads, writeCalls } from './strace.ts';
import { failAtEach } from './syscalls.ts';

let ground: Ground;

beforeAll(async () => {
  ground = await openGround();
});

afterAll(() => ground.close());

function describeOutcomes(name: string, outcomes: readonly Outcome[]): string {
  const count = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result).length;
  const wrong = outcomes.flatMap((outcome) => outcome.wrong).length;
  return `${name}: ${outcomes.length} calls, ${count('saved')} saved as asked, ${count('rescued')} saved with a warning, ${count('refused')} refused before paying, ${count('failed')} failed after, ${wrong} untrue, torn or left behind`;
}

/** Every error where a picture is converted, and those of a full and of a broken disk also where one is replaced. */
const faults = [
  ...['ENOSPC', 'EIO', 'EDQUOT', 'EROFS', 'EMFILE', 'EPERM'].map((error) => ({ error, way: 1, how: 'converting' })),
  ...['ENOSPC', 'EIO'].map((error) => ({ error, way: 3, how: 'replacing' })),
];

for (const { error, way, how } of faults) {
  test(`${error} at any system call that writes, ${how}, tears nothing, leaves nothing behind, and nothing is said to be saved that is not`, async () => {
    const [some, others] = [writeCalls.filter((_, index) => index % 2 === 0), writeCalls.filter((_, index) => index % 2 === 1)];
    const outcomes = (await Promise.all([some, others].map((calls) => failAtThese(calls, error, way)))).flat();
    report(describeOutcomes(`${error}, ${how}`, outcomes));
    for (const { result, fault, text } of outcomes) if (result === 'failed') report(`  ${fault}: ${text}`);
    expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(40);
  });
}

test('EIO where files are read back is no reason to lose a picture or to say an untruth either', async () => {
  const outcomes = await failAtThese(readCalls, 'EIO', 3);
  report(describeOutcomes('EIO, reading', outcomes));
  for (const { result, fault, text } of outcomes) if (result === 'failed') report(`  ${fault}: ${text}`);
  expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
});

async function failAtThese(calls: readonly FileCall[], error: string, way: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const who of threads) for (const call of calls) outcomes.push(...(await failAtEach(ground, { call, error, way, who })));
  return outcomes;
}

/** Mounts a small disk, or says that it may not. */
async function mountSmall(folder: string): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  return promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', folder]).then(
    () => true,
    () => false,
  );
}

/** Fills a disk up but for so many bytes. */
async function fillUp(folder: string, left: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  await writeFile(join(folder, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - left)));
}

/** A disk that fills up while Google paints, so that this much is left. */
async function callOnFullDisk(folder: string, computer: Computer, left: number): Promise<Outcome> {
  const prey = await ground.start(computer);
  const prompt = `A red fox, ${left} bytes left in ${folder}`;
  const release = ground.hold();
  const calling = prey.call('generate_image', { prompt });
  await ground.asked(prompt);
  await fillUp(folder, left);
  release();
  const answer = await calling;
  await rm(join(folder, 'filler'));
  const outcome = await judge(ground, computer, `${left} bytes left`, prompt, answer);
  outcome.wrong.push(...(await findUnrecovered(prey, `${left} bytes left`, `${prompt}, after`)));
  await prey.close();
  return outcome;
}

for (const which of ['state', 'project'] as const) {
  test(`a disk that fills up while the picture is painted: the ${which} folder`, async () => {
    const outcomes: Outcome[] = [];
    for (let left = 0; left <= 64 * 1024; left += 4096) {
      const computer = await ground.makeComputer();
      if (!(await mountSmall(computer[which]))) throw new Error('a small disk has to be mounted for this: run it as root');
      try {
        outcomes.push(await callOnFullDisk(computer[which], computer, left));
      } finally {
        await promisify(execFile)('umount', ['-l', computer[which]]);
      }
    }
    report(describeOutcomes(`full ${which} disk`, outcomes));
    expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
  });
}
