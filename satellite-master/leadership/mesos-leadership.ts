/** Leadership without ZooKeeper: this master leads while its mesos-master is elected (docs/judgement.md, rule 26). */

import type { Leadership, Leading } from './leading.ts';
import { electionText, isElected, type MesosElection } from './mesos-election.ts';

export class MesosLeadership implements Leadership {
  readonly epoch = undefined;
  readonly #election: MesosElection;
  #now: Leading;

  constructor(election: MesosElection) {
    this.#election = election;
    this.#now = this.#judge();
  }

  get now(): Leading {
    return this.#now;
  }

  start(changed: (leading: Leading) => void): void {
    this.#election.onPoll(() => {
      const before = this.#now;
      this.#now = this.#judge();
      if (before.leads !== this.#now.leads) changed(this.#now);
    });
  }

  async stop(): Promise<void> {}

  #judge(): Leading {
    const { facts } = this.#election;
    return { leads: isElected(facts, 1), reason: electionText(facts) };
  }
}
