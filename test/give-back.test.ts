import { constants, PerformanceObserver } from 'node:perf_hooks';
import { test as base, expect, vi } from 'vitest';
import { z } from 'zod';
import { createGiveBack } from '../src/give-back.ts';

const entry = z.object({ detail: z.object({ kind: z.number() }) });

/** A collection of everything; Node does not say of all that were asked for that they were. */
function isMajor(measured: unknown): boolean {
  return entry.parse(measured).detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

const test = base.extend<{ collections: () => number }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  collections: async ({}, use) => {
    let count = 0;
    const observer = new PerformanceObserver((list) => {
      count += list.getEntries().filter(isMajor).length;
    });
    observer.observe({ entryTypes: ['gc'] });
    await use(() => count);
    observer.disconnect();
  },
});

const soon = { timeout: 20_000, interval: 50 };

test('what calls left behind is collected a moment after the last one', async ({ collections }) => {
  const giveBack = createGiveBack(() => true);
  for (let call = 0; call < 10; call += 1) giveBack.workEnded();
  expect(collections()).toBe(0);
  await vi.waitFor(() => expect(collections()).toBeGreaterThan(0), soon);
});

test('it is collected between two of many that leave no pause', async ({ collections }) => {
  const giveBack = createGiveBack(() => true);
  const calls = setInterval(() => giveBack.workEnded(), 5);
  await vi.waitFor(() => expect(collections()).toBeGreaterThan(0), soon);
  clearInterval(calls);
});

test('it is not collected while a call is under way', async ({ collections }) => {
  let asked = 0;
  let isIdle = false;
  const giveBack = createGiveBack(() => {
    asked += 1;
    return isIdle;
  });
  for (let call = 0; call < 50; call += 1) giveBack.workEnded();
  await vi.waitFor(() => expect(asked).toBe(1), soon);
  expect(collections()).toBe(0);
  isIdle = true;
  giveBack.workEnded();
  await vi.waitFor(() => expect(collections()).toBeGreaterThan(0), soon);
});
