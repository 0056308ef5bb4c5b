import { defineConfig } from 'vitest/config';

/** Attacks and faults in full, one after the other, each printing its figure; `npm test` runs a short form of the same files. */
export default defineConfig({
  test: {
    include: ['test/security/*.test.ts'],
    env: { TEST_FORM: 'whole' },
    fileParallelism: false,
    disableConsoleIntercept: true,
    testTimeout: 1_800_000,
    hookTimeout: 120_000,
  },
});
