/**
 * Who leads the Mesos masters, and beside a follower the figures of the leader: `/metrics/snapshot` is never redirected,
 * so a follower's own tell nothing of the cluster.
 */

import type { Figures } from '../../../shared/mesos/index.ts';
import { MesosClient, type MesosClientOptions } from '../../../shared/mesos/index.ts';

/** Of the local Mesos master. */
export type LeaderFiguresOptions = Pick<MesosClientOptions, 'url' | 'credentials'>;

export class LeaderFigures {
  readonly #options: LeaderFiguresOptions;
  readonly #local: MesosClient;

  constructor({ url, credentials }: LeaderFiguresOptions) {
    this.#options = { url, credentials };
    this.#local = new MesosClient({ url, credentials, role: 'master' });
  }

  /** @see MesosClient.leader */
  leader(): Promise<string | undefined> {
    return this.#local.leader();
  }

  /** @throws MesosError that names the address and what came instead of figures */
  async figuresOf(leader: string): Promise<Figures> {
    const client = new MesosClient({ ...this.#options, url: leader, role: 'master' });
    try {
      return await client.metrics();
    } finally {
      await client.close();
    }
  }

  async close(): Promise<void> {
    await this.#local.close();
  }
}
