/** The v1 event stream of the leading master: first a snapshot of the cluster, then each change, and heartbeats. */
import type { Clock } from '../../../shared/clock.ts';
import type { MesosClient } from '../../../shared/mesos/index.ts';
import { type JsonObject, MesosError, member, numberAt, textAt } from '../../../shared/mesos/index.ts';
import { type AgentRow, type Change, taskKey } from '../cluster/index.ts';
import { agentOfV1, frameworkOfV1, taskOfV1, updateOfV1 } from './parse-v1.ts';
import { RecordIoDecoder } from './record-io.ts';
import { type ClusterDigests, type Snapshot, SnapshotReader, SUBSCRIBED } from './snapshot-reader.ts';

export interface EventStreamOptions {
  readonly client: MesosClient;
  readonly digests: ClusterDigests;
  readonly withMaintenance: (row: AgentRow) => AgentRow;
  readonly clock: Clock;
  /** Called once, first. */
  readonly onSnapshot: (answer: Snapshot) => Promise<void>;
  /** The changes since, in order. Nothing more is read until it resolves. */
  readonly onChanges: (changes: readonly Change[]) => Promise<void>;
}

const HEADERS_WITHIN_MS = 30_000;
const MAX_MISSED_HEARTBEATS = 5;
const DEFAULT_HEARTBEAT_MS = 15_000;
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
const MAX_SNAPSHOT_BYTES = 512 * 1024 * 1024;

/**
 * Reads until the stream ends, which is always an error.
 * @throws MesosError; `absent` or `refused` where this version or these credentials have no such stream
 */
export async function subscribe(options: EventStreamOptions, signal: AbortSignal): Promise<never> {
  const { client, clock, onChanges, onSnapshot } = options;
  const silence = new AbortController();
  let lastMs = clock.monoMs();
  let maxSilenceMs = HEADERS_WITHIN_MS;
  const watch = clock.every(1_000, () => {
    if (clock.monoMs() - lastMs > maxSilenceMs) silence.abort();
  });
  const either = AbortSignal.any([signal, silence.signal]);
  let address = `${client.url}/api/v1`;
  try {
    const stream = await client.openCall({ type: 'SUBSCRIBE' }, either);
    address = stream.address;
    const records = new Records(options);
    maxSilenceMs = MAX_MISSED_HEARTBEATS * DEFAULT_HEARTBEAT_MS;
    for await (const chunk of stream.body) {
      lastMs = clock.monoMs();
      records.write(chunk as Buffer);
      const answer = records.takeSnapshot();
      if (answer) {
        const heartbeatS = numberAt(answer.rest, 'subscribed', 'heartbeat_interval_seconds');
        if (heartbeatS !== undefined && heartbeatS > 0) maxSilenceMs = MAX_MISSED_HEARTBEATS * heartbeatS * 1000;
        await onSnapshot(answer);
      }
      const changes = records.takeChanges();
      if (changes.length > 0) await onChanges(changes);
    }
    throw new Error('the stream of events ended');
  } catch (cause) {
    if (silence.signal.aborted)
      throw new MesosError('unreachable', address, `no event and no heartbeat for ${maxSilenceMs / 1000} s`);
    if (cause instanceof MesosError) throw cause;
    throw new MesosError('garbage', address, cause instanceof Error ? cause.message : String(cause), { cause });
  } finally {
    watch.cancel();
  }
}

/** From bytes to changes. The first record may be as large as the cluster and is never held whole. */
class Records {
  readonly #digests: ClusterDigests;
  readonly #withMaintenance: (row: AgentRow) => AgentRow;
  readonly #decoder: RecordIoDecoder;
  #snapshot: SnapshotReader | undefined;
  #answer: Snapshot | undefined;
  #parts: Buffer[] = [];
  #changes: Change[] = [];

  constructor({ digests, withMaintenance }: Pick<EventStreamOptions, 'digests' | 'withMaintenance'>) {
    this.#digests = digests;
    this.#withMaintenance = withMaintenance;
    this.#snapshot = new SnapshotReader(SUBSCRIBED, digests, withMaintenance);
    this.#decoder = new RecordIoDecoder({
      begin: (length) => {
        const most = this.#snapshot ? MAX_SNAPSHOT_BYTES : MAX_EVENT_BYTES;
        if (length > most) throw new Error(`an event of ${length} bytes, more than ${most}`);
      },
      data: (part) => {
        if (this.#snapshot) this.#snapshot.write(part);
        else this.#parts.push(part);
      },
      end: () => this.#end(),
    });
  }

  write(chunk: Buffer): void {
    this.#decoder.write(chunk);
  }

  takeSnapshot(): Snapshot | undefined {
    const answer = this.#answer;
    this.#answer = undefined;
    return answer;
  }

  takeChanges(): readonly Change[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  #end(): void {
    if (this.#snapshot) {
      this.#answer = this.#snapshot.end();
      this.#snapshot = undefined;
      return;
    }
    const text = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    const change = changeOf(JSON.parse(text) as JsonObject, this.#digests, this.#withMaintenance);
    if (change) this.#changes.push(change);
  }
}

/** @returns undefined for a heartbeat, and for events that are not followed */
export function changeOf(
  event: JsonObject,
  digests: ClusterDigests,
  withMaintenance: (row: AgentRow) => AgentRow,
): Change | undefined {
  switch (event['type']) {
    case 'TASK_ADDED': {
      const task = taskOfV1(member(event, 'task_added', 'task'), (id) => digests.names.get(id));
      if (task) digests.task.touch(taskKey(task));
      return task && { task };
    }
    case 'TASK_UPDATED': {
      const update = updateOfV1(event['task_updated']);
      if (update) digests.task.touch(taskKey(update));
      return update && { update };
    }
    case 'FRAMEWORK_ADDED':
    case 'FRAMEWORK_UPDATED': {
      const body = event['framework_added'] ?? event['framework_updated'];
      const framework = frameworkOfV1(member(body, 'framework'));
      if (framework) {
        digests.framework.touch(framework.id);
        digests.names.set(framework.id, framework.name);
      }
      return framework && { framework };
    }
    case 'FRAMEWORK_REMOVED': {
      const goneFramework = textAt(event, 'framework_removed', 'framework_info', 'id', 'value');
      if (goneFramework !== undefined) digests.framework.drop(goneFramework);
      return goneFramework === undefined ? undefined : { goneFramework };
    }
    case 'AGENT_ADDED': {
      const row = agentOfV1(member(event, 'agent_added', 'agent'));
      if (row) digests.agent.touch(row.id);
      return row && { agent: withMaintenance(row) };
    }
    case 'AGENT_REMOVED': {
      const goneAgent = textAt(event, 'agent_removed', 'agent_id', 'value');
      if (goneAgent !== undefined) digests.agent.drop(goneAgent);
      return goneAgent === undefined ? undefined : { goneAgent };
    }
    default:
      return undefined;
  }
}
