import type {
  Automation,
  Store,
  StoredRecord,
  StoreListener,
  StoreState,
} from '../../../satellite-master/whitelist/store/store.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { parseHostName } from '../../../shared/host-name.ts';
import { type UntilOptions, until } from '../../support/until.ts';

export function host(name: string): HostName {
  const parsed = parseHostName(name);
  if (!parsed) throw new Error(`${name} is no host name`);
  return parsed;
}

/** Keeps all that a store tells, in order, and the picture that follows from it. */
export class Recorder implements StoreListener {
  readonly told: string[] = [];
  readonly records = new Map<HostName, StoredRecord>();
  readonly states: StoreState[] = [];
  readonly unfitNames: string[] = [];
  readonly stepsBack: string[] = [];
  automation: Automation | undefined;

  onRecord(name: HostName, record: StoredRecord | undefined): void {
    const known = this.records.get(name);
    if (record && known && record.order < known.order) this.stepsBack.push(`${name} ${known.order} -> ${record.order}`);
    this.told.push(`${name} ${record ? record.version : 'gone'}`);
    if (record) this.records.set(name, record);
    else this.records.delete(name);
  }

  onUnfitName(name: string): void {
    this.unfitNames.push(name);
  }

  onAutomation(automation: Automation): void {
    this.told.push(`automation ${automation.version}`);
    this.automation = automation;
  }

  onState(state: StoreState): void {
    this.told.push(state.kind);
    this.states.push(state);
  }

  data(name: HostName): string | undefined {
    return this.records.get(name)?.data;
  }
}

export async function untilState(store: Store, kind: StoreState['kind'], options: Partial<UntilOptions> = {}) {
  await until(() => store.state.kind === kind, {
    what: `${store.address} to be ${kind}, it is ${JSON.stringify(store.state)}`,
    ...options,
  });
}

/** Starts the store with a new recorder and waits until it is whole. */
export async function startWhole(store: Store, timeoutMs = 10_000): Promise<Recorder> {
  const recorder = new Recorder();
  store.start(recorder);
  await until(() => store.state.kind === 'whole', { what: `${store.address} to be whole`, timeoutMs });
  return recorder;
}
