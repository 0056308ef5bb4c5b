import { defineConfig } from 'vitest/config';

/** Measurements that print tables and draw pictures for the docs; what must hold of them is asserted by the tests. */
export default defineConfig({
  test: { include: ['test/**/*.measure.ts'], disableConsoleIntercept: true, fileParallelism: false, testTimeout: 600_000 },
});
