/** The agents of the cluster, by id and by host. */
import { LRUCache } from 'lru-cache';
import type { HostName } from '../../../shared/host-name.ts';
import type { ClusterAgent } from './cluster.ts';

/** Agents that are gone, kept so that the tasks they ran still have a host. */
const MAX_DEPARTED = 100_000;

export class AgentTable {
  readonly #byId = new Map<string, ClusterAgent>();
  readonly #byHost = new Map<HostName, Map<string, ClusterAgent>>();
  /** The host of each agent that was ever seen, within the bound. */
  readonly #hosts = new LRUCache<string, HostName>({ max: MAX_DEPARTED });

  get all(): ReadonlyMap<string, ClusterAgent> {
    return this.#byId;
  }

  of(host: HostName): readonly ClusterAgent[] {
    return [...(this.#byHost.get(host)?.values() ?? [])];
  }

  /** Whether one of its agents is in the last snapshot. */
  isRegistered(host: HostName): boolean {
    for (const agent of this.#byHost.get(host)?.values() ?? []) if (!agent.unreachable) return true;
    return false;
  }

  /** Of an agent that is registered or was. */
  hostOf(id: string): HostName | undefined {
    return this.#byId.get(id)?.host ?? this.#hosts.get(id);
  }

  put(agent: ClusterAgent): void {
    const { id, host } = agent;
    this.remove(id);
    this.#byId.set(id, agent);
    if (host === undefined) return;
    const ofHost = this.#byHost.get(host);
    if (ofHost) ofHost.set(id, agent);
    else this.#byHost.set(host, new Map([[id, agent]]));
    this.#hosts.set(id, host);
  }

  remove(id: string): void {
    const host = this.#byId.get(id)?.host;
    this.#byId.delete(id);
    if (host === undefined) return;
    const ofHost = this.#byHost.get(host);
    ofHost?.delete(id);
    if (ofHost?.size === 0) this.#byHost.delete(host);
  }
}
