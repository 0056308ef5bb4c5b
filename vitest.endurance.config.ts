import { defineConfig } from 'vitest/config';

/** The long hunts: kills, failing disks, cancels, budgets, a large archive. One after the other, since each takes the machine. */
export default defineConfig({
  test: {
    include: ['test/endurance/*.test.ts'],
    globalSetup: ['test/endurance/setup.ts'],
    fileParallelism: false,
    disableConsoleIntercept: true,
    testTimeout: 3_600_000,
    hookTimeout: 60_000,
  },
});
