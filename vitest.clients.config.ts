import { defineConfig } from 'vitest/config';

/** limner and clients that nobody here wrote: MCP Inspector, mcporter, the protocol's conformance suite. One after the other, on two cores. */
export default defineConfig({
  test: {
    include: ['test/foreign/*.client.ts'],
    fileParallelism: false,
    disableConsoleIntercept: true,
    testTimeout: 120_000,
    // Installing what is tested with.
    hookTimeout: 600_000,
    reporters: ['verbose'],
  },
});
