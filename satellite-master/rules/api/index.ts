/** satellite-master/rules/api */
export { wholeEvent } from './complete-event.ts';
export { noRuleEffects, type RuleEffects } from './effects.ts';
export { rememberFunction, rememberResult, requireUsefulArguments } from './functions.ts';
export type { HostEffect, HostEffectOptions, HostEffects } from './host-actions.ts';
export {
  createSatellite,
  type HostAccount,
  type Hosts,
  type Rules,
  requireStreams,
  type Satellite,
} from './rules-api.ts';
