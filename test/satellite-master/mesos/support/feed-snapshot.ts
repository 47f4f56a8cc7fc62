/** Feeds a model with snapshots that are at hand, through the reader that reads those of a real master. */
import type { ClusterView } from '../../../../satellite-master/mesos/cluster/index.ts';
import {
  type AnswerForm,
  AnswerReader,
  STATE,
  ToldCluster,
} from '../../../../satellite-master/mesos/feed/snapshot-reader.ts';

const digests = new WeakMap<ClusterView, ToldCluster>();

/** One whole answer. @throws Error where it is not of that form */
export function feedState(view: ClusterView, body: unknown, form: AnswerForm = STATE): void {
  const told = digests.get(view) ?? new ToldCluster();
  digests.set(view, told);
  const reader = new AnswerReader(form, told, (row) => row);
  reader.write(Buffer.from(JSON.stringify(body)));
  const { changes, unreachable } = reader.end();
  view.take({ kind: 'changes', changes, more: false });
  view.take({ kind: 'answered', unreachable });
}
