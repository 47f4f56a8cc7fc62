/** The rules module in force on this master: it gets events and time, and is replaced when its files change. */
export { LoadedModule } from './loaded-module.ts';
export { RuleFaults } from './rule-faults.ts';
export { RuleStats } from './rule-stats.ts';
export { RulesEngine, type RulesSource, rulesSource } from './rules-engine.ts';
