/** How a commit reaches ZooKeeper, and how it is found out what became of it when the answer is lost. */
import { type Clock, sleep } from '../../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../../shared/errors.ts';
import type { Log } from '../../../shared/log.ts';
import { type MultiOp, ZooKeeperError, type ZooKeeperSession } from '../../zookeeper/index.ts';
import { asStored } from './commit-check.ts';
import { type AutomationCheck, type Change, StoreConflict, type StoredRecord } from './store.ts';
import { verdictOf } from './zookeeper-commit.ts';
import type { TreePaths, TreeWatch } from './zookeeper-watcher.ts';

export interface TreeCommitterOptions {
  readonly session: ZooKeeperSession;
  readonly paths: TreePaths;
  readonly tree: TreeWatch;
  readonly clock: Clock;
  readonly log: Log;
  /** For messages. */
  readonly address: string;
  /** The longest that is waited for a connection to learn a commit's fate, or to read back what it made. */
  readonly settleMs: number;
}

/** Between two looks for a connection while a commit's fate is unknown. */
const LOOK_MS = 50;

export class TreeCommitter {
  readonly #session: ZooKeeperSession;
  readonly #paths: TreePaths;
  readonly #tree: TreeWatch;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #address: string;
  readonly #settleMs: number;

  constructor({ session, paths, tree, clock, log, address, settleMs }: TreeCommitterOptions) {
    this.#session = session;
    this.#paths = paths;
    this.#tree = tree;
    this.#clock = clock;
    this.#log = log;
    this.#address = address;
    this.#settleMs = settleMs;
  }

  /**
   * @throws StoreConflict, or SatelliteError store-unavailable, store-uncertain, as {@link Store.commit} says
   */
  async apply(
    changes: readonly Change[],
    raise: AutomationCheck | undefined,
    steps: readonly MultiOp[],
  ): Promise<readonly (StoredRecord | undefined)[]> {
    try {
      await this.#session.multi(steps);
    } catch (error) {
      if (isConflict(error)) throw await this.#conflict(error);
      if (!(error instanceof ZooKeeperError && error.kind === 'uncertain'))
        throw new SatelliteError('store-unavailable', `${this.#address}: ${messageOf(error)}`, {}, { cause: error });
      this.#log.warn({ err: messageOf(error) }, 'change sent and not confirmed, reading the store');
      await this.#settle(changes, raise, steps);
    }
    return this.#persist(async () => {
      if (raise?.data !== undefined) await this.#tree.rereadAutomation();
      const found = await Promise.all(changes.map(({ host }) => this.#tree.reread(host)));
      return changes.map((change, index) => asCommitted(change, found[index], this.#clock.wallMs()));
    });
  }

  /**
   * Finds out what became of a commit whose answer was lost, and sends it once more where nothing of it is there.
   * @throws StoreConflict when somebody else was first; SatelliteError store-uncertain when it cannot be known
   */
  #settle(changes: readonly Change[], raise: AutomationCheck | undefined, steps: readonly MultiOp[]): Promise<void> {
    let refused: unknown;
    return this.#persist(async () => {
      await this.#session.sync(this.#paths.root);
      const [automation, ...nodes] = await Promise.all(
        [this.#paths.automation, ...changes.map(({ host }) => this.#paths.of(host))].map((path) =>
          this.#session.getData(path),
        ),
      );
      const verdict = verdictOf(changes, nodes, raise, automation);
      if (verdict === 'applied') return;
      if (verdict === 'conflict' || (refused && verdict === 'before'))
        throw new StoreConflict('others have changed it meanwhile', { cause: refused });
      if (verdict === 'unclear') throw this.#uncertain('others have changed it since');
      try {
        await this.#session.multi(steps);
      } catch (error) {
        // Either the first one has arrived in between, or somebody else was first: the next look shows which.
        if (isConflict(error)) refused = error;
        throw error;
      }
    });
  }

  /**
   * Does it again until it succeeds or `settleMs` are over, whenever there is a connection.
   * @throws SatelliteError store-uncertain when the time is over; what `task` throws save ZooKeeper's errors
   */
  async #persist<T>(task: () => Promise<T>): Promise<T> {
    const endMs = this.#clock.monoMs() + this.#settleMs;
    for (;;) {
      try {
        return await task();
      } catch (error) {
        if (!(error instanceof ZooKeeperError)) throw error;
        if (this.#clock.monoMs() >= endMs || this.#session.state.kind === 'closed')
          throw this.#uncertain(messageOf(error), error);
      }
      do await sleep(this.#clock, LOOK_MS);
      while (this.#session.state.kind !== 'connected' && this.#clock.monoMs() < endMs);
    }
  }

  /** Makes what a commit needs and somebody has removed, so that the next one can succeed. */
  async #conflict(error: ZooKeeperError): Promise<Error> {
    if (error.kind === 'no-node')
      await Promise.all([this.#tree.relist(), this.#tree.rereadAutomation()]).catch(() => undefined);
    return new StoreConflict(error.message, { cause: error });
  }

  #uncertain(why: string, cause?: unknown): SatelliteError {
    return new SatelliteError('store-uncertain', `${this.#address}: ${why}`, {}, { cause });
  }
}

function isConflict(error: unknown): error is ZooKeeperError {
  return error instanceof ZooKeeperError && ['bad-version', 'no-node', 'node-exists'].includes(error.kind);
}

/**
 * The record as this commit made it. Where another change came upon it before it could be read back, its place in the
 * order is just below that change: nothing lies between.
 */
function asCommitted(
  { host, expect, data }: Change,
  found: StoredRecord | undefined,
  nowMs: number,
): StoredRecord | undefined {
  if (data === null) return undefined;
  const version = expect === 'absent' ? 0 : expect + 1;
  if (found?.version === version && found.data === asStored(data)) return found;
  return { host, data, version, createdMs: found?.createdMs ?? nowMs, order: (found?.order ?? 1n) - 1n };
}
