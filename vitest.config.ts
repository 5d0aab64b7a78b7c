import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Only `npm run matrix` wants to know which test calls what.
    setupFiles: process.env.RECORD_OPERATIONS === undefined ? [] : ['test/matrix/record.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
