/** The v1 event stream of the leading master: the whole cluster first, then each step of it, and a heartbeat. */
import type { Clock } from '../../../shared/clock.ts';
import type { MesosClient } from '../../../shared/mesos/index.ts';
import { type JsonObject, MesosError, member, numberAt, textAt } from '../../../shared/mesos/index.ts';
import { type AgentRow, type Change, taskKey } from '../cluster/index.ts';
import { agentOfV1, frameworkOfV1, taskOfV1, updateOfV1 } from './parse-v1.ts';
import { RecordIoDecoder } from './record-io.ts';
import { AnswerReader, SUBSCRIBED, type ToldCluster, type WholeAnswer } from './snapshot-reader.ts';

export interface SubscriptionOptions {
  readonly client: MesosClient;
  readonly told: ToldCluster;
  readonly maintained: (row: AgentRow) => AgentRow;
  readonly clock: Clock;
  /** The whole cluster, once and first. */
  readonly began: (answer: WholeAnswer) => Promise<void>;
  /** What happened since, in order. Nothing more is read until it is taken. */
  readonly changed: (changes: readonly Change[]) => Promise<void>;
}

const HEADERS_WITHIN_MS = 30_000;
const MOST_MISSED_HEARTBEATS = 5;
const DEFAULT_HEARTBEAT_MS = 15_000;
const MOST_EVENT_BYTES = 16 * 1024 * 1024;
const MOST_SNAPSHOT_BYTES = 512 * 1024 * 1024;

/**
 * Listens until the stream ends, which is always an error.
 * @throws MesosError; `absent` or `refused` where there is no such stream for us
 */
export async function subscribe(options: SubscriptionOptions, signal: AbortSignal): Promise<never> {
  const { client, clock, changed, began } = options;
  const silence = new AbortController();
  let lastMs = clock.monoMs();
  let mostSilentMs = HEADERS_WITHIN_MS;
  const watch = clock.every(1_000, () => {
    if (clock.monoMs() - lastMs > mostSilentMs) silence.abort();
  });
  const either = AbortSignal.any([signal, silence.signal]);
  let address = `${client.url}/api/v1`;
  try {
    const stream = await client.openCall({ type: 'SUBSCRIBE' }, either);
    address = stream.address;
    const records = new Records(options);
    mostSilentMs = MOST_MISSED_HEARTBEATS * DEFAULT_HEARTBEAT_MS;
    for await (const chunk of stream.body) {
      lastMs = clock.monoMs();
      records.write(chunk as Buffer);
      const answer = records.takeSnapshot();
      if (answer) {
        const heartbeatS = numberAt(answer.rest, 'subscribed', 'heartbeat_interval_seconds');
        if (heartbeatS !== undefined && heartbeatS > 0) mostSilentMs = MOST_MISSED_HEARTBEATS * heartbeatS * 1000;
        await began(answer);
      }
      const changes = records.takeChanges();
      if (changes.length > 0) await changed(changes);
    }
    throw new Error('the stream of events ended');
  } catch (cause) {
    if (silence.signal.aborted)
      throw new MesosError('unreachable', address, `nothing heard for ${mostSilentMs / 1000} s, not even a heartbeat`);
    if (cause instanceof MesosError) throw cause;
    throw new MesosError('garbage', address, cause instanceof Error ? cause.message : String(cause), { cause });
  } finally {
    watch.cancel();
  }
}

/** Bytes to changes. The first record may be as large as the cluster and is never held whole. */
class Records {
  readonly #told: ToldCluster;
  readonly #maintained: (row: AgentRow) => AgentRow;
  readonly #decoder: RecordIoDecoder;
  #snapshot: AnswerReader | undefined;
  #answer: WholeAnswer | undefined;
  #parts: Buffer[] = [];
  #changes: Change[] = [];

  constructor({ told, maintained }: Pick<SubscriptionOptions, 'told' | 'maintained'>) {
    this.#told = told;
    this.#maintained = maintained;
    this.#snapshot = new AnswerReader(SUBSCRIBED, told, maintained);
    this.#decoder = new RecordIoDecoder({
      begin: (length) => {
        const most = this.#snapshot ? MOST_SNAPSHOT_BYTES : MOST_EVENT_BYTES;
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

  takeSnapshot(): WholeAnswer | undefined {
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
    const change = changeOf(JSON.parse(text) as JsonObject, this.#told, this.#maintained);
    if (change) this.#changes.push(change);
  }
}

/** @returns undefined for a heartbeat, and for what this version tells beyond what we follow */
export function changeOf(
  event: JsonObject,
  told: ToldCluster,
  maintained: (row: AgentRow) => AgentRow,
): Change | undefined {
  switch (event['type']) {
    case 'TASK_ADDED': {
      const task = taskOfV1(member(event, 'task_added', 'task'), (id) => told.names.get(id));
      if (task) told.task.touch(taskKey(task));
      return task && { task };
    }
    case 'TASK_UPDATED': {
      const update = updateOfV1(event['task_updated']);
      if (update) told.task.touch(taskKey(update));
      return update && { update };
    }
    case 'FRAMEWORK_ADDED':
    case 'FRAMEWORK_UPDATED': {
      const body = event['framework_added'] ?? event['framework_updated'];
      const framework = frameworkOfV1(member(body, 'framework'));
      if (framework) {
        told.framework.touch(framework.id);
        told.names.set(framework.id, framework.name);
      }
      return framework && { framework };
    }
    case 'FRAMEWORK_REMOVED': {
      const goneFramework = textAt(event, 'framework_removed', 'framework_info', 'id', 'value');
      if (goneFramework !== undefined) told.framework.drop(goneFramework);
      return goneFramework === undefined ? undefined : { goneFramework };
    }
    case 'AGENT_ADDED': {
      const row = agentOfV1(member(event, 'agent_added', 'agent'));
      if (row) told.agent.touch(row.id);
      return row && { agent: maintained(row) };
    }
    case 'AGENT_REMOVED': {
      const goneAgent = textAt(event, 'agent_removed', 'agent_id', 'value');
      if (goneAgent !== undefined) told.agent.drop(goneAgent);
      return goneAgent === undefined ? undefined : { goneAgent };
    }
    default:
      return undefined;
  }
}
