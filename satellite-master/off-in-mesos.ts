/** What being off means in Mesos itself: who is off by plan, and the bridge to deactivation and drain. Puts both together. */
import type { Clock } from '../shared/clock.ts';
import type { HostName } from '../shared/host-name.ts';
import type { Log } from '../shared/log.ts';
import type { MesosClient } from '../shared/mesos/index.ts';
import type { Cluster } from './mesos/cluster/index.ts';
import type { OffAction } from './mesos/deactivation/index.ts';
import { Bridge, PlannedHosts } from './mesos/deactivation/index.ts';
import type { Metrics } from './stats/index.ts';
import type { Replica, ReplicaChange, Whitelist } from './whitelist/index.ts';

export interface OffInMesosOptions {
  readonly action: OffAction;
  readonly pollIntervalMs: number;
  readonly client: MesosClient;
  readonly cluster: Cluster;
  readonly replica: Replica;
  readonly whitelist: Whitelist;
  /** The guard's. */
  readonly limit: () => number;
  readonly leads: () => boolean;
  readonly metrics: Metrics;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class OffInMesos {
  readonly #planned: PlannedHosts;
  readonly #bridge: Bridge;

  constructor(options: OffInMesosOptions) {
    const { client, cluster, replica, metrics, clock, log, pollIntervalMs } = options;
    this.#planned = new PlannedHosts({
      cluster,
      status: () => client.get('/maintenance/status'),
      hosts: function* () {
        for (const { host } of replica.entries()) yield host;
      },
      pollIntervalMs,
      clock,
      log,
    });
    this.#bridge = new Bridge({
      ...options,
      call: (call) => client.call(call),
      planned: (host) => this.#planned.wordOf(host),
      counted: (call, outcome) => metrics.bridgeCalls.inc({ call, outcome }),
    });
    metrics.onCollect(() => {
      metrics.bridgeRefused.set(this.#bridge.refusals);
      metrics.plannedHosts.set(this.#planned.hosts.size);
    });
    replica.onChange((change: ReplicaChange) => this.#bridge.changed(change));
  }

  get planned(): ReadonlySet<HostName> {
    return this.#planned.hosts;
  }

  start(): void {
    this.#planned.start();
  }

  tick(): void {
    this.#bridge.tick();
  }

  /** For `why`. */
  textOf(host: HostName): string | undefined {
    return this.#bridge.textOf(host);
  }

  async stop(): Promise<void> {
    this.#planned.stop();
    await this.#bridge.stop();
  }
}
