import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, openGround } from './ground.ts';
import { addUp, describeKills, type Kills, killAtRandom } from './kills.ts';
import { report } from './report.ts';
import { threads, writeCalls } from './strace.ts';
import { killAtEach } from './syscalls.ts';

let ground: Ground;

beforeAll(async () => {
  // A few hundred kilobytes, so that writing takes a while.
  ground = await openGround(() => ({ width: 480, height: 270, noise: true, signatureBytes: 40_000 }));
});

afterAll(() => ground.close());

function expectNothingLost(kills: Kills): void {
  expect(kills.torn).toEqual([]);
  expect(kills.lost).toEqual([]);
  expect(kills.fromArchive).toBe(kills.arrived);
}

test('a thousand kills at random moments leave no torn file and lose no picture that had arrived', async () => {
  const started = performance.now();
  const kills = await killAtRandom(ground, 1000, 2);
  report(`${describeKills(kills)}, in ${Math.round((performance.now() - started) / 1000)} s`);
  expect(kills.kills).toBe(1000);
  expectNothingLost(kills);
});

test('nor does a kill at any system call that writes', async () => {
  const all: Kills[] = [];
  for (const way of [1, 3]) {
    for (const who of threads) {
      for (const call of writeCalls) {
        const kills = await killAtEach(ground, call, way, who);
        report(`${call}, ${who}, way ${way}: ${describeKills(kills)}`);
        all.push(kills);
      }
    }
  }
  const kills = addUp(all);
  report(`every system call: ${describeKills(kills)}`);
  expectNothingLost(kills);
  expect(kills.kills).toBeGreaterThan(200);
});
