import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeComputer } from '../fixtures.ts';
import { describeCrowd, letIn } from './crowd.ts';
import { report } from './report.ts';

/** How long it goes on, in seconds. */
const seconds = Number(process.env.CROWD_SECONDS ?? 600);

test('four processes on one state folder serve 200 callers at once: nothing is lost, crossed or over budget', async () => {
  const computer = await makeComputer();
  const crowd = await letIn(computer, 200, seconds);
  await rm(join(computer.state, '..'), { recursive: true, force: true });
  report(describeCrowd(crowd));
  for (const line of [...crowd.lost, ...crowd.crossed, ...crowd.overBudget, ...crowd.wrong].slice(0, 20)) report(line);
  expect([crowd.lost, crowd.crossed, crowd.overBudget, crowd.wrong]).toEqual([[], [], [], []]);
  expect(crowd.pictures).toBeGreaterThan(seconds);
  const known = ['ok', 'over_budget', 'overloaded', 'refused', 'unreachable', 'upstream_fault', 'bad_answer'];
  expect([...crowd.outcomes.keys()].filter((outcome) => !known.includes(outcome))).toEqual([]);
});
