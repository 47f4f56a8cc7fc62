/**
 * What a complete snapshot of a new feed thread replaces. The thread begins with an empty memory, so it never reports
 * that something has gone that only its predecessor knew: what the model holds and the first snapshot lacks is gone.
 */
import { interruptibly, type LongWork } from '../../../shared/cooperative.ts';
import { type Change, type ClusterTask, taskKey } from '../cluster/index.ts';

/** What the model holds. */
export interface KnownCluster {
  agents(): ReadonlyMap<string, unknown>;
  frameworks(): ReadonlyMap<string, unknown>;
  tasks(): Iterable<ClusterTask>;
}

export class Replacement {
  readonly #agents = new Set<string>();
  readonly #frameworks = new Set<string>();
  readonly #tasks = new Set<string>();

  /** Notes what the new snapshot contains. */
  confirm(changes: readonly Change[]): void {
    for (const change of changes) {
      if ('task' in change) this.#tasks.add(taskKey(change.task));
      else if ('agent' in change) this.#agents.add(change.agent.id);
      else if ('framework' in change) this.#frameworks.add(change.framework.id);
    }
  }

  /** Collects what the model holds and the snapshot lacks, to be called when the snapshot is complete. */
  *missing(known: KnownCluster, found: (change: Change) => void): LongWork {
    yield* interruptibly(known.tasks(), (task) => {
      const goneTask = taskKey(task);
      if (!this.#tasks.has(goneTask)) found({ goneTask });
    });
    yield* interruptibly(known.agents().keys(), (goneAgent) => {
      if (!this.#agents.has(goneAgent)) found({ goneAgent });
    });
    yield* interruptibly(known.frameworks().keys(), (goneFramework) => {
      if (!this.#frameworks.has(goneFramework)) found({ goneFramework });
    });
  }
}
