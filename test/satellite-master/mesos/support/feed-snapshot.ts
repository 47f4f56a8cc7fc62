/** Feeds a model with snapshots that are at hand, through the reader that reads those of a real master. */
import type { ClusterModel } from '../../../../satellite-master/mesos/cluster/index.ts';
import {
  ClusterDigests,
  type SnapshotForm,
  SnapshotReader,
  STATE,
} from '../../../../satellite-master/mesos/feed/snapshot-reader.ts';

const digests = new WeakMap<ClusterModel, ClusterDigests>();

/** One whole answer. @throws Error where it is not of that form */
export function feedState(view: ClusterModel, body: unknown, form: SnapshotForm = STATE): void {
  const told = digests.get(view) ?? new ClusterDigests();
  digests.set(view, told);
  const reader = new SnapshotReader(form, told, (row) => row);
  reader.write(Buffer.from(JSON.stringify(body)));
  const { changes, unreachable } = reader.end();
  view.apply({ kind: 'changes', changes, more: false });
  view.apply({ kind: 'answered', unreachable });
}
