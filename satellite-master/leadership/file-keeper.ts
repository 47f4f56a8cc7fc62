/**
 * Whether a satellite-master with a whole store runs beside the leading mesos-master. Where none does, the file that
 * Mesos reads is not kept, whatever the other masters write (docs/judgement.md, rule 26a). Pure.
 */
import type { MasterStates } from './master-entry.ts';

export type FileKeeper =
  /** No Mesos is configured on any master: nobody reads a whitelist file. */
  | { readonly kind: 'no-mesos' }
  | { readonly kind: 'kept'; readonly by: string }
  | { readonly kind: 'unkept'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export const FILE_KEEPER_STATES = ['no-mesos', 'kept', 'unkept', 'unknown'] as const;

export interface KeeperFacts {
  /** This master itself, as it is at this moment. */
  readonly self: MasterStates;
  /** What the others wrote; undefined: they can't be seen at present. */
  readonly others: readonly MasterStates[] | undefined;
}

export function fileKeeper({ self, others }: KeeperFacts): FileKeeper {
  const masters = [self, ...(others ?? [])];
  const beside = masters.filter(({ mesos }) => mesos !== null);
  if (beside.length === 0) return { kind: 'no-mesos' };
  const elected = beside.filter(({ mesos }) => mesos?.elected === true);
  const keeper = elected.find(({ store }) => store === 'whole');
  if (keeper) return { kind: 'kept', by: keeper.id };
  const [idle] = elected;
  if (idle)
    return { kind: 'unkept', reason: `the store of ${idle.id}, beside the leading mesos-master, is ${idle.store}` };
  if (!others) return { kind: 'unknown', reason: 'the other masters can not be seen without ZooKeeper' };
  if (beside.every(({ mesos }) => mesos?.elected === null))
    return { kind: 'unknown', reason: 'no mesos-master can be asked' };
  const leader = beside.find(({ mesos }) => mesos?.leader)?.mesos?.leader;
  return leader
    ? { kind: 'unkept', reason: `no satellite-master runs beside the leading mesos-master (${leader})` }
    : { kind: 'unknown', reason: 'no mesos-master leads' };
}
