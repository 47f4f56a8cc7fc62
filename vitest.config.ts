import { defineConfig } from 'vitest/config';

/**
 * The one place that decides which tests are unit tests. These start real servers or processes of Satellite; all others
 * are unit tests, and test/support/no-foreign-process.ts makes one fail that starts a process.
 */
const INTEGRATION = ['test/e2e/**/*.test.ts', 'test/**/*.integration.test.ts'];

/** CI asks for a file of results beside the printed report, to count from. */
const results = process.env['SATELLITE_TEST_RESULTS'];

export default defineConfig({
  test: {
    // A test that fails now and then is a fault, of the test or of the product. It is never retried.
    retry: 0,
    // Random input is the same in each run.
    setupFiles: ['test/support/fixed-seed.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
    coverage: {
      provider: 'v8',
      include: ['shared/**/*.ts', 'satellite-master/**/*.ts', 'satellite-slave/**/*.ts'],
      reporter: ['text-summary', 'html'],
      reportOnFailure: true,
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: INTEGRATION,
          setupFiles: ['test/support/no-foreign-process.ts'],
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: INTEGRATION,
          // Whole clusters start here; two cores are shared by all of them.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
