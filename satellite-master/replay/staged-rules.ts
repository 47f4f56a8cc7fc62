/** A rules module on a stage: it wishes and indexes there as in a real master; what would leave the house is only told. */
import { type RecordedAlert, recordChannels } from '../alerts/index.ts';
import { RuleSet } from '../rules/engine/index.ts';
import type { RulesModule } from '../rules/module/index.ts';
import type { StreamEvent } from '../streams/index.ts';
import type { RulesGround, StagedRules } from './stage.ts';

export interface StagedEffects {
  readonly alerted: (alert: RecordedAlert) => void;
  readonly forwarded: (address: string, events: readonly StreamEvent[]) => void;
  readonly logged: (message: string, item: unknown) => void;
  /** A stream threw: its name, and where in the module. */
  readonly fault: (stream: string, error: unknown, place: string | undefined) => void;
}

const nothing = () => undefined;
export const noStagedEffects: StagedEffects = { alerted: nothing, forwarded: nothing, logged: nothing, fault: nothing };

export interface StagedRulesOptions {
  readonly module: RulesModule;
  /** `readmit-after.first`. */
  readonly readmitAfterMs: number;
  /** Names the master in alerts of events without a host. */
  readonly self: string;
  readonly effects: StagedEffects;
}

/** @throws RulesError when they are made, with all that is wrong with the module */
export function stagedRules({ module, readmitAfterMs, self, effects }: StagedRulesOptions) {
  return ({ clock, wishes, index, managedEventsOf }: RulesGround): StagedRules => {
    const channels = recordChannels({ clock, self, record: effects.alerted });
    const rules = new RuleSet({
      module,
      effects: {
        index(event) {
          if (event.state === 'expired') index.delete(event.host ?? '', event.service);
          else index.take(event, true);
        },
        log: effects.logged,
        forward: effects.forwarded,
        stat: nothing,
        tap: nothing,
      },
      channels: { functions: channels.functions, release: nothing },
      managedEventsOf,
      readmitAfterMs,
      fault: effects.fault,
      clock,
    });
    rules.activate(wishes);
    return {
      hearing: rules.hearing,
      take: (event) => rules.take(event),
      tick() {
        channels.tick();
        rules.tick();
      },
      recordChanged: (host) => rules.recordChanged(host),
      dropHost: (host) => rules.dropHost(host),
      close: () => rules.close(),
    };
  };
}
