import { defineConfig } from 'vitest/config';

/** The packages in the hands of those who take them: installs their tools, pinned, so it needs the npm registry. `npm run test:packages` runs it. */
export default defineConfig({
  test: {
    include: ['test/packages/*.packages.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: process.env.CI ? ['default'] : ['verbose'],
  },
});
