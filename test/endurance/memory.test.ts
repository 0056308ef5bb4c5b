import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, openGround } from './ground.ts';
import { report } from './report.ts';
import { describeSoak, soak } from './soak.ts';

let ground: Ground;

beforeAll(async () => {
  ground = await openGround();
});

afterAll(() => ground.close());

test('two thousand calls, one in twenty with a fault, leave memory flat, every handle closed and no file behind', async () => {
  // What is called often is compiled anew until some two thousand calls have been.
  const figures = await soak(ground, { warmUp: 2000, calls: 2000 });
  report(describeSoak(figures));
  for (const sentence of figures.wrong) report(`  ${sentence}`);
  expect(figures.wrong).toEqual([]);
  expect(figures.slope).toBeLessThan(5000);
  expect(figures.handles.last).toBeLessThanOrEqual(figures.handles.warm);
  expect(figures.stray).toEqual([]);
});
