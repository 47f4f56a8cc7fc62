/** `--check`: a rules module is loaded and built where nothing of it has an effect. */
import { ManualClock } from '../../shared/manual-clock.ts';
import { recordChannels } from '../alerts/index.ts';
import { noRuleEffects } from './api/index.ts';
import { LoadedModule } from './engine/index.ts';
import { loadRulesModule } from './module/index.ts';

/**
 * @returns warnings, each with file and line: the module can be used, and something of it is probably not intended
 * @throws RulesError with all that is wrong
 */
export function checkRules(path: string): readonly string[] {
  const clock = new ManualClock();
  const { functions } = recordChannels({ clock, self: 'check', record: () => undefined, readsFiles: true });
  const module = loadRulesModule(path);
  const rules = new LoadedModule({
    module,
    effects: noRuleEffects,
    channels: { functions, release: () => undefined },
    managedEventsOf: () => ({}),
    readmitAfterMs: 60_000,
    fault: () => undefined,
    clock,
  });
  const { noJudgement } = rules;
  rules.close();
  return noJudgement === undefined ? [] : [`${module.exportPlace ?? path}: no-judgement: ${noJudgement}`];
}
