/** satellite-master/rules/engine */
export { RuleSet } from './loaded-module.ts';
export { RuleWishes, type WishesOfRule } from './module-flags.ts';
export { RuleStats } from './rule-stats.ts';
export { LiveRules } from './rules-engine.ts';
