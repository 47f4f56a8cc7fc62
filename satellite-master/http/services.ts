/** What the HTTP service needs from the rest of the master. */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { Log } from '../../shared/log.ts';
import type { EventIndex, RefusedEvent } from '../events/index.ts';
import type { DriftReport } from '../mesos/drift/index.ts';
import type { ShadowReport } from '../replay/index.ts';
import type { FigureHistory, Metrics } from '../stats/index.ts';
import type { TaskStore } from '../tasks/index.ts';
import type { FilePublisher } from '../whitelist/file/index.ts';
import type { HistoryEntry } from '../whitelist/history/index.ts';
import type { RecordEditor, Replica } from '../whitelist/index.ts';
import type { HostCheck, Why } from '../whitelist/operators/index.ts';
import type { AccessToken } from './access.ts';
import type { ChangeListener } from './event-stream.ts';

export interface HttpSettings {
  /** The address it listens on, `service-host`: one of the names under which it may be reached. */
  readonly serviceHost: string;
  /** Further names under which it may be reached. */
  readonly allowedHosts: readonly string[];
  /** None: everybody may do everything (docs/rest.md, "Who may do what"). */
  readonly tokens: readonly AccessToken[];
  /** Changes by hand need `by` and `description`. */
  readonly requireReason: boolean;
}

export interface Services {
  readonly settings: HttpSettings;
  readonly whitelist: RecordEditor;
  readonly replica: Replica;
  readonly history: { of(host: HostName): Promise<readonly HistoryEntry[]> };
  /** undefined: the host is not in the inventory. */
  why(host: HostName): Why | undefined;
  readonly index: EventIndex;
  /**
   * Publishes the accepted events of one report.
   * @returns those that the index has no room for
   */
  publishEvents(events: readonly Event[]): readonly RefusedEvent[];
  /** Subscribes to changes of the index. @returns a function that unsubscribes */
  onChange(listener: ChangeListener): () => void;
  readonly tasks: Pick<TaskStore, 'put' | 'get'>;
  readonly metrics: Metrics;
  /** `{check: state}` for `/readyz`. */
  readiness(): Readonly<Record<string, string>>;
  isReady(): boolean;
  /** `{name: number}` for `/metrics/snapshot`. */
  snapshot(): Readonly<Record<string, number>>;
  /** Past values of the figures of the snapshot. */
  readonly figureHistory: Pick<FigureHistory, 'names' | 'series'>;
  /** Where whitelist, reports and Mesos disagree. */
  drift(): Promise<DriftReport>;
  /** The satellite-masters of this cluster, this one first. */
  masters(): readonly object[];
  /** What concerns every change at present, such as a file that nobody keeps; shown in its answer. */
  warnings(): readonly string[];
  /** What rules in the shadow do; undefined: there are none. */
  readonly shadow?: (() => ShadowReport) | undefined;
  /** The whitelist file; undefined: there is none. */
  readonly whitelistFile?: Pick<FilePublisher, 'report' | 'confirm'> | undefined;
  readonly hostCheck: HostCheck;
  /** What to say of a host that is changed by hand and was not in the inventory; undefined: somebody else knows it. */
  readonly unknownHost?: (host: HostName) => Promise<string | undefined>;
  /** Full names of this machine, under which it is reached too; default: what its resolver says. Never rejects. */
  readonly ownNames?: () => Promise<readonly string[]>;
  readonly clock: Clock;
  /** By which overrides are dated and expire; default: `clock`. */
  readonly recordClock?: Clock;
  readonly log: Log;
}
