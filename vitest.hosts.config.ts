import { defineConfig } from 'vitest/config';

/** limner in the hosts people use, each with a local server in the place of its model. One after the other: each takes the machine while it starts. */
export default defineConfig({
  test: {
    include: ['test/hosts/*.walk.ts'],
    fileParallelism: false,
    disableConsoleIntercept: true,
    testTimeout: 60_000,
    // Installing a host, and a session of it.
    hookTimeout: 600_000,
    reporters: ['verbose'],
  },
});
