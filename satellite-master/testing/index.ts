/** The test bench for rules modules: `import { testRules } from 'satellite/testing'`. Nothing in it needs a master. */

export type { Rules, Satellite } from '../rules/api/index.ts';
export { type BenchOptions, type InjectedEvent, RuleBench, testRules } from './bench.ts';
