import { Commands } from '../../../satellite-slave/comets/commands.ts';
import { Machine } from '../../../satellite-slave/comets/machine.ts';
import { CometRunner, type CometSettings, type CometSurroundings } from '../../../satellite-slave/comets/runner.ts';
import { Slots } from '../../../satellite-slave/comets/slots.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Event } from '../../../shared/event.ts';
import { OnceLog, silentLog } from '../../../shared/log.ts';

/** What a comet finds around it on this machine; every event goes to `events`. */
export function surroundings(events: Event[], others: Partial<CometSurroundings> = {}): CometSurroundings {
  return {
    clock: systemClock,
    prefix: '',
    commands: new Commands(process.env),
    machine: new Machine(),
    agent: undefined,
    tasks: undefined,
    slots: new Slots(8),
    once: new OnceLog(silentLog, systemClock),
    emit: (found) => void events.push(...found),
    ...others,
  };
}

/** Runs a comet once. @returns its events */
export async function runComet(settings: CometSettings, others: Partial<CometSurroundings> = {}): Promise<Event[]> {
  const events: Event[] = [];
  await new CometRunner(settings, surroundings(events, others)).beat();
  return events;
}
