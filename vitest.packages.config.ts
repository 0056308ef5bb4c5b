import { defineConfig } from 'vitest/config';

/** The packages in the hands of those who take them: installs their tools, pinned, so it needs the npm registry. `npm run test:packages` runs it. */
export default defineConfig({
  test: {
    include: ['test/packages/*.packages.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: process.env.CI ? ['default'] : ['verbose'],
  },
});
