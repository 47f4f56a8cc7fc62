/** Effects of rules that only report: what would be sent is written down, and nothing leaves the process. */
import { type RecordedAlert, recordChannels } from '../alerts/index.ts';
import type { StreamEvent } from '../streams/index.ts';
import type { SimulatedEffects, SimulatedMasterOptions } from './simulated-master.ts';

export interface EffectReports {
  readonly alerted: (alert: RecordedAlert) => void;
  readonly forwarded: (address: string, events: readonly StreamEvent[]) => void;
  readonly logged: (message: string, item: unknown) => void;
  /** A stream threw: its name, and where in the module. */
  readonly fault: (stream: string, error: unknown, place: string | undefined) => void;
}

const nothing = () => undefined;

/** @param self names the master in alerts of events without a host */
export function reportedEffects(reports: EffectReports, self: string): SimulatedMasterOptions['effects'] {
  return (clock): SimulatedEffects => {
    const channels = recordChannels({ clock, self, record: reports.alerted });
    return {
      openChannels: () => ({ functions: channels.functions, release: nothing }),
      log: reports.logged,
      forward: reports.forwarded,
      stat: nothing,
      tap: nothing,
      fault: reports.fault,
      tick: () => channels.tick(),
    };
  };
}
