/** What each master writes of itself into its ephemeral node `<root>/masters/<id>`, for the others and for `GET /masters`. */
import { isObject, member, textAt } from '../../shared/mesos/index.ts';

/** The mesos-master beside a satellite-master. */
export interface MesosBeside {
  readonly url: string;
  /** Its id; null: not known, as while it is not elected. */
  readonly id: string | null;
  /** null: it gives no good answer. */
  readonly elected: boolean | null;
  /** Where it says that the leading mesos-master is; null: it knows none, or does not answer. */
  readonly leader: string | null;
}

export interface MasterEntry {
  readonly id: string;
  readonly url: string;
  readonly version: string;
  /** null: no Mesos is configured there. */
  readonly mesos: MesosBeside | null;
  readonly leads: boolean;
  /** `whole`, `unread` or `lost`. */
  readonly store: string;
  /** State of its whitelist file, and for how long that was last verified, s. */
  readonly file: { readonly state: string; readonly age: number | null };
  readonly hostsHeard: number;
  /** Of its clock to that of ZooKeeper, s; negative: it is ahead; null: not measured yet. */
  readonly clockOffset: number | null;
}

/** A master as it is now, without what takes a walk over all hosts to know. */
export type MasterStates = Omit<MasterEntry, 'hostsHeard'>;

/** What changes by itself all the time is left out: it is no reason to write the node. */
export function statesOf({ mesos, leads, store, file }: MasterStates): string {
  return JSON.stringify({ mesos, leads, store, file: file.state });
}

/** @returns undefined where the node can't be read, as one that another program made */
export function masterEntryIn(text: string): MasterEntry | undefined {
  const value = parsed(text);
  const id = textAt(value, 'id');
  if (!isObject(value) || id === undefined) return undefined;
  const age = member(value, 'file', 'age');
  const { hostsHeard, clockOffset } = value;
  return {
    id,
    url: textAt(value, 'url') ?? '',
    version: textAt(value, 'version') ?? '',
    mesos: besideIn(value['mesos']),
    leads: value['leads'] === true,
    store: textAt(value, 'store') ?? 'unread',
    file: { state: textAt(value, 'file', 'state') ?? 'unknown', age: typeof age === 'number' ? age : null },
    hostsHeard: typeof hostsHeard === 'number' ? hostsHeard : 0,
    clockOffset: typeof clockOffset === 'number' ? clockOffset : null,
  };
}

function besideIn(value: unknown): MesosBeside | null {
  if (!isObject(value)) return null;
  const { elected } = value;
  return {
    url: textAt(value, 'url') ?? '',
    id: textAt(value, 'id') ?? null,
    elected: typeof elected === 'boolean' ? elected : null,
    leader: textAt(value, 'leader') ?? null,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
