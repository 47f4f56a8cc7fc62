/** `--check`: a rules module is loaded and built where nothing of it has an effect. */
import { ManualClock } from '../../shared/manual-clock.ts';
import { recordChannels } from '../alerts/index.ts';
import { noRuleEffects } from './api/index.ts';
import { RuleSet } from './engine/index.ts';
import { loadRulesModule } from './module/index.ts';

/** @throws RulesError with all that is wrong */
export function checkRules(path: string): void {
  const clock = new ManualClock();
  const { functions } = recordChannels({ clock, self: 'check', record: () => undefined, readsFiles: true });
  new RuleSet({
    module: loadRulesModule(path),
    effects: noRuleEffects,
    channels: { functions, release: () => undefined },
    managedEventsOf: () => ({}),
    readmitAfterMs: 60_000,
    fault: () => undefined,
    clock,
  }).close();
}
