/**
 * Who leads the Mesos masters, and beside a follower the figures of the leader: `/metrics/snapshot` is never redirected,
 * so a follower's own say nothing of the cluster.
 */
import type { Figures, MesosClient } from '../../../shared/mesos/index.ts';

export class LeaderMetrics {
  readonly #local: MesosClient;
  /** Of the leader that was asked last; it sends at most two requests a second. */
  #leader: { readonly origin: string; readonly client: MesosClient } | undefined;

  /** @param local the client of the local Mesos master, which others use too */
  constructor(local: MesosClient) {
    this.#local = local;
  }

  /** @see MesosClient.leader */
  leader(): Promise<string | undefined> {
    return this.#local.leader();
  }

  /**
   * @param origin as in `http://10.0.0.2:5050`
   * @throws MesosError that names the address and what came instead of figures
   */
  async figuresOf(origin: string): Promise<Figures> {
    if (this.#leader?.origin !== origin) {
      await this.close();
      this.#leader = { origin, client: this.#local.beside(new URL(origin).host) };
    }
    return this.#leader.client.metrics();
  }

  async close(): Promise<void> {
    await this.#leader?.client.close();
  }
}
