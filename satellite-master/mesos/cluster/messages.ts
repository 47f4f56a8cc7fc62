/** What the feed sends to the model of the cluster: plain data that crosses from one thread to another. */
import type { ClusterAgent, ClusterFramework, ClusterTask } from './cluster.ts';

/** An agent as a snapshot has it. The model adds `host` and `unreachable`. */
export type AgentRow = Omit<ClusterAgent, 'host' | 'unreachable'>;

/** A task as a snapshot has it. */
export type TaskRow = Omit<ClusterTask, 'host'>;

export type FrameworkRow = ClusterFramework;

/** One step of a task that is known; what is undefined stays as it was. */
export interface TaskUpdate {
  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string | undefined;
  readonly state: string;
  readonly timeS: number | undefined;
  /** Of a status that says that it starts or runs. */
  readonly startedS: number | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
}

/** One difference to what was sent before. */
export type Change =
  | { readonly agent: AgentRow }
  | { readonly framework: FrameworkRow }
  | { readonly task: TaskRow }
  | { readonly update: TaskUpdate }
  | { readonly goneAgent: string }
  | { readonly goneFramework: string }
  /** A {@link taskKey}. */
  | { readonly goneTask: string };

export type ClusterMessage =
  | {
      readonly kind: 'changes';
      /** In the order in which they happened; some hundred at most. */
      readonly changes: readonly Change[];
      /** Further changes of the same snapshot follow. */
      readonly more: boolean;
    }
  | {
      /** A snapshot was sent whole: the model agrees with what Mesos answered. */
      readonly kind: 'answered';
      /** How many agents Mesos says are unreachable, without naming them; undefined: it did not say. */
      readonly unreachable: number | undefined;
    }
  | { readonly kind: 'failed'; readonly reason: string }
  /** Something in an answer that has an unexpected form, and was left out. */
  | { readonly kind: 'odd'; readonly what: string; readonly text: string };

/** Ids of tasks are unique within their framework only. */
export function taskKey({ frameworkId, id }: { readonly frameworkId: string; readonly id: string }): string {
  return `${frameworkId} ${id}`;
}

const ENDED = new Set(
  ['FINISHED', 'FAILED', 'KILLED', 'ERROR', 'LOST', 'DROPPED', 'GONE', 'GONE_BY_OPERATOR'].map(
    (word) => `TASK_${word}`,
  ),
);

/** Whether a task in that state can't run again. An unreachable one can. */
export function hasEnded(state: string): boolean {
  return ENDED.has(state);
}
