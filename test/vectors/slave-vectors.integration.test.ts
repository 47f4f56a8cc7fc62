/** The original's recipes of the slave, beside ours. They start real programs. */
import { describe, expect, test } from 'vitest';
import { vectorFiles } from './run.ts';
import { isOfSlave, wholeReportOn } from './whole-report.ts';

describe("beside the original's slave", () => {
  const paths = vectorFiles('test/fixtures/riemann-vectors').filter(isOfSlave);
  test.each(paths)('%s', async (path) => expect(await wholeReportOn(path)).toEqual({ problems: [], missing: 0 }));
});
