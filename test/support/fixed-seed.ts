/** Set up before each test file: fast-check gives the same input in each run. Another seed is for whoever searches by hand. */
import { configureGlobal } from 'fast-check';

configureGlobal({ seed: Number(process.env['SATELLITE_TEST_SEED'] ?? 20_261_128) });
