import { defineConfig } from 'vitest/config';

/** CI asks for a file of results beside the printed report, to count from. */
const results = process.env['SATELLITE_TEST_RESULTS'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real ZooKeepers and real processes start here; two cores are shared by all of them.
    maxWorkers: 2,
    // Whole clusters as processes on a shared machine: where nobody looks on, a test that failed is tried once more, and the
    // report shows it. On a desk it fails at once.
    retry: process.env['CI'] ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
  },
});
