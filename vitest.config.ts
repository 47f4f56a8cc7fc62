import { defineConfig } from 'vitest/config';

/** CI asks for a file of results beside the printed report, to count from. */
const results = process.env['SATELLITE_TEST_RESULTS'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real ZooKeepers and real processes start here; two cores are shared by all of them.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
  },
});
