/** What automation writes: the next record of one host with its author, and how steps are parted into commits. Pure. */
import type { HostName } from '../../../shared/host-name.ts';
import type { DesiredEvents } from '../record/index.ts';
import {
  emptyRecord,
  type HostRecord,
  putOn,
  sameMeaning,
  serializeRecord,
  takenOff,
  withManagedEvents,
} from '../record/index.ts';
import type { Author } from '../record-editor.ts';
import type { ReplicaEntry } from '../replica.ts';
import type { Decision } from './decision.ts';
import type { DesiredFlag } from './desired-flags.ts';

/** One host that is to change. */
export interface PlannedWrite {
  readonly host: HostName;
  readonly version: number | 'absent';
  readonly next: HostRecord;
  readonly author: Author;
}

export interface PlannedWriteInput {
  readonly host: HostName;
  /** What stands in the store; undefined: the host is new. */
  readonly entry: ReplicaEntry | undefined;
  readonly events: DesiredEvents;
  /** Name of this master. */
  readonly self: string;
  readonly nowS: number;
}

/** Brings the managed events up to date, and puts the host on where `on` says so; undefined: nothing to write. */
export function plannedUpdate(
  input: PlannedWriteInput,
  desiredFlag: DesiredFlag | undefined,
  on: Decision | undefined,
): PlannedWrite | undefined {
  const { host, entry, events, nowS } = input;
  if (entry?.broken !== undefined || (!entry && !desiredFlag)) return undefined;
  if (entry && !on && events.size === 0) return undefined;
  const record = entry?.record ?? emptyRecord;
  const next = withManagedEvents(on ? putOn(record, nowS) : record, events);
  if (entry && sameMeaning(record, next)) return undefined;
  const reason = on?.reason ?? desiredFlag?.reason ?? 'managed events changed';
  return { host, version: entry?.version ?? 'absent', next, author: authorOf(input, causeOf(entry, on), reason) };
}

export function plannedOff(input: PlannedWriteInput, { illness, reason }: Decision): PlannedWrite {
  const { host, entry, events, nowS } = input;
  const next = withManagedEvents(takenOff(entry?.record ?? emptyRecord, nowS), events);
  const cause = illness?.cause ?? (illness?.kind === 'silent' ? 'silence' : 'tests');
  return { host, version: entry?.version ?? 'absent', next, author: authorOf(input, cause, reason) };
}

/** So many hosts in one commit: enough to keep up with a rush, few enough that one conflict costs little. */
const MAX_STEPS = 100;
/** And so many bytes, well below what ZooKeeper takes in one request; a record has 256 KiB at most. */
const MAX_BYTES = 512 * 1024;
/** What a step takes beside the record: its name and who changed it. */
const STEP_BYTES = 1_500;

/** Parts that fit one commit each. */
export function inCommits(steps: readonly PlannedWrite[]): readonly (readonly PlannedWrite[])[] {
  const commits: PlannedWrite[][] = [];
  let bytes = 0;
  for (const step of steps) {
    const size = Buffer.byteLength(serializeRecord(step.next)) + STEP_BYTES;
    const last = commits.at(-1);
    if (last && last.length < MAX_STEPS && bytes + size <= MAX_BYTES) {
      last.push(step);
      bytes += size;
    } else {
      commits.push([step]);
      bytes = size;
    }
  }
  return commits;
}

function causeOf(entry: ReplicaEntry | undefined, on: Decision | undefined): string {
  if (!entry) return 'first-report';
  if (!on) return 'managed-events';
  return entry.record?.['managed-flag'] === 'off' ? 'readmission' : 'tests';
}

function authorOf({ self }: PlannedWriteInput, cause: string, reason: string): Author {
  return { by: self, as: null, cause, reason };
}
