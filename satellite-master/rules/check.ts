/** `--check`: a rules module is loaded and built where nothing of it has an effect. */
import { ManualClock } from '../../shared/manual-clock.ts';
import { noRuleEffects } from './effects.ts';
import { loadRulesModule } from './module.ts';
import { noChannels } from './no-channels.ts';
import { RuleSet } from './rule-set.ts';

/** @throws RulesError with all that is wrong */
export function checkRules(path: string): void {
  new RuleSet({
    module: loadRulesModule(path),
    effects: noRuleEffects,
    channels: noChannels(),
    managedEventsOf: () => ({}),
    readmitAfterMs: 60_000,
    fault: () => undefined,
    clock: new ManualClock(),
  }).close();
}
