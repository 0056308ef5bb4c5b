import { defineConfig } from 'vitest/config';

/** What only a browser can tell: whether it takes the files and chooses among them. `npm run test:browser` runs it. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.browser.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    reporters: process.env.CI ? ['default'] : ['dot'],
  },
});
