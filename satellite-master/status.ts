/** What a master tells of itself: readiness, the host figures and its gauges. Reads everything, changes nothing. */
import type { Clock } from '../shared/clock.ts';
import type { EventIndex } from './events/index.ts';
import type { Leadership } from './leadership/index.ts';
import { type Metrics, setState } from './stats/index.ts';
import type { TaskStore } from './tasks/index.ts';
import type { Census, Reconciler } from './whitelist/automation/index.ts';
import { offLimit } from './whitelist/automation/index.ts';
import type { FileState, WhitelistFile } from './whitelist/file/index.ts';
import type { History } from './whitelist/history/index.ts';
import type { Replica } from './whitelist/index.ts';

export interface StatusParts {
  readonly replica: Replica;
  readonly file: WhitelistFile;
  readonly census: Census;
  readonly reconciler: Reconciler;
  readonly leadership: Leadership;
  readonly index: EventIndex;
  readonly history: Pick<History, 'failures' | 'waiting'>;
  readonly tasks: Pick<TaskStore, 'fault' | 'stats'>;
  readonly clock: Clock;
}

export class Status {
  readonly #parts: StatusParts;

  constructor(parts: StatusParts) {
    this.#parts = parts;
  }

  /** Store whole, and the file published or nothing to publish. */
  isReady(): boolean {
    const { replica, file } = this.#parts;
    return (
      replica.state.kind === 'whole' && (file.state.kind === 'published' || file.state.kind === 'nothing-to-publish')
    );
  }

  /** `{check: state}`; a state is one word, with the reason behind a colon where there is one. */
  readiness(): Readonly<Record<string, string>> {
    const { replica, file, census, leadership, reconciler, index, tasks } = this.#parts;
    const { state } = replica;
    const wave = census.wave.size;
    const held = reconciler.held.size - wave;
    return {
      store: state.kind === 'whole' ? 'whole' : `${state.kind}: ${state.reason}`,
      file: fileText(file.state),
      leader: `${leadership.now.leads ? 'leads' : 'follows'}: ${leadership.now.reason}`,
      index: index.state,
      silence: wave === 0 ? 'ok' : `mass-silence: ${wave} hosts fell silent together and are not taken off`,
      guard: held <= 0 ? 'ok' : `held: ${held} hosts wait for room`,
      records: recordsText(replica),
      tasks: tasks.fault === undefined ? 'ok' : `unavailable: ${tasks.fault}`,
    };
  }

  /** The original's figures of the whitelist. */
  snapshot(): Readonly<Record<string, number>> {
    const { replica } = this.#parts;
    const up = replica.on().length;
    return {
      'num-hosts-up': up,
      'num-available-hosts': replica.size,
      'prop-available-hosts': replica.size === 0 ? 0 : up / replica.size,
    };
  }

  /** Brings the gauges up to date. */
  fill(metrics: Metrics): void {
    const { replica, file, census, reconciler, leadership, index, history, clock } = this.#parts;
    const counts = census.counts();
    metrics.indexedEvents.set(index.size);
    metrics.hosts.set({ list: 'all' }, replica.size);
    metrics.hosts.set({ list: 'on' }, counts.listed);
    metrics.hosts.set({ list: 'off' }, replica.size - counts.listed);
    setState(metrics.storeState, 'state', ['unread', 'whole', 'lost'], replica.state.kind);
    metrics.brokenRecords.set(replica.brokenRecords + replica.unfitNames.size);
    metrics.guardLimit.set(offLimit(counts));
    metrics.guardOff.set(counts.off);
    metrics.guardHeld.set(reconciler.held.size);
    metrics.massSilence.set(census.wave.size > 0 ? 1 : 0);
    metrics.fileHeld.set(file.state.kind === 'held' ? 1 : 0);
    metrics.fileAge.set(file.writtenMs === undefined ? Number.NaN : (clock.monoMs() - file.writtenMs) / 1000);
    metrics.waiting.set({ queue: 'history' }, history.waiting);
    metrics.taskStoreBytes.set(this.#parts.tasks.stats()?.bytes ?? Number.NaN);
    metrics.leader.set(leadership.now.leads ? 1 : 0);
    raiseTo(metrics.foreignWrites, replica.foreignWrites, this.#told, 'foreign');
    raiseTo(metrics.historyFailures, history.failures, this.#told, 'history');
  }

  readonly #told = new Map<string, number>();
}

/** A counter follows a total that is kept elsewhere. */
function raiseTo(counter: { inc(by: number): void }, total: number, told: Map<string, number>, key: string): void {
  const last = told.get(key) ?? 0;
  if (total > last) counter.inc(total - last);
  told.set(key, total);
}

function fileText(state: FileState): string {
  switch (state.kind) {
    case 'held':
      return `file-held: ${state.reason}`;
    case 'failed':
      return `failed: ${state.reason}`;
    case 'published':
      return `published: ${state.hosts} hosts`;
    default:
      return state.kind;
  }
}

function recordsText({ brokenRecords, unfitNames }: Replica): string {
  const faults = [
    ...(brokenRecords > 0 ? [`${brokenRecords} records are broken`] : []),
    ...(unfitNames.size > 0 ? [`${unfitNames.size} nodes bear no host name`] : []),
  ];
  return faults.length === 0 ? 'ok' : `broken: ${faults.join(', ')}`;
}
