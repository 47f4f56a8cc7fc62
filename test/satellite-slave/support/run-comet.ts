import { Commands } from '../../../satellite-slave/comets/commands.ts';
import { Machine } from '../../../satellite-slave/comets/machine.ts';
import { type CometContext, CometRunner, type CometSettings } from '../../../satellite-slave/comets/runner.ts';
import { Slots } from '../../../satellite-slave/comets/slots.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Event } from '../../../shared/event.ts';
import { OnceLog, silentLog } from '../../../shared/log.ts';

/** What comets share, on this machine; every event is added to `events`. */
export function cometContext(events: Event[], others: Partial<CometContext> = {}): CometContext {
  return {
    clock: systemClock,
    prefix: '',
    commands: new Commands({ environment: () => process.env }),
    machine: new Machine(),
    agent: undefined,
    tasks: undefined,
    slots: new Slots(8),
    once: new OnceLog(silentLog, systemClock),
    emit: (found) => void events.push(...found),
    ...others,
  };
}

type TestSettings = Pick<CometSettings, 'name' | 'periodMs' | 'timeoutMs' | 'comet'> & Partial<CometSettings>;

/** With the defaults of the settings. */
export function whole(settings: TestSettings): CometSettings {
  return { attempts: 1, retryPeriodMs: settings.periodMs, identity: settings.name, ...settings };
}

/** Runs a comet once. @returns its events */
export async function runComet(settings: TestSettings, others: Partial<CometContext> = {}): Promise<Event[]> {
  const events: Event[] = [];
  await new CometRunner(whole(settings), cometContext(events, others)).run();
  return events;
}
