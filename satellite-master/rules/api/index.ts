/** What a rules module is handed: `Satellite`, and the effects behind it. */
export { wholeEvent } from './complete-event.ts';
export { noRuleEffects, type RuleEffects } from './effects.ts';
export { rememberFunction, rememberResult, requireUsefulArguments } from './functions.ts';
export type { HostEffect, HostEffectOptions, HostEffects } from './host-actions.ts';
export {
  createSatellite,
  type Rules,
  requireStreams,
  type Satellite,
} from './rules-api.ts';
