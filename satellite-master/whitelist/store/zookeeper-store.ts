/** The store of clusters: records as nodes in ZooKeeper, seen through watches and changed by version. */
import { Backoff } from '../../../shared/backoff.ts';
import { type Clock, sleep, type Timer } from '../../../shared/clock.ts';
import { messageOf, SatelliteError } from '../../../shared/errors.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { Log } from '../../../shared/log.ts';
import type { SessionState, ZooKeeperSession } from '../../zookeeper/index.ts';
import { checkCommit, guarded } from './commit-check.ts';
import type { Automation, AutomationCheck, Change, Store, StoredRecord, StoreListener, StoreState } from './store.ts';
import { stepsOf } from './zookeeper-commit.ts';
import { TreeCommitter } from './zookeeper-committer.ts';
import { recordOf, TreePaths, TreeWatch } from './zookeeper-watcher.ts';

export interface ZooKeeperStoreOptions {
  /** The store starts it and closes it. Who shares it sets its listeners before the store starts. */
  readonly session: ZooKeeperSession;
  /** For messages. */
  readonly connectString: string;
  /** Default `/satellite`. */
  readonly root?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a commit whose answer was lost waits to learn what became of it. Default 5,000. */
  readonly settleMs?: number;
}

/** How often to ask whether hosts came or went without a watch saying so. */
const CHECK_MS = 60_000;

export class ZooKeeperStore implements Store {
  readonly address: string;
  readonly maxChanges = 500;
  readonly #session: ZooKeeperSession;
  readonly #paths: TreePaths;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #settleMs: number;
  readonly #backoff = new Backoff({ firstMs: 100, maxMs: 5_000 });
  #listener: StoreListener | undefined;
  #tree: TreeWatch | undefined;
  #committer: TreeCommitter | undefined;
  /** Reads that failed while there was a connection. */
  #faults = 0;
  #state: StoreState = { kind: 'unread', reason: 'not started' };
  #everWhole = false;
  /** Every node was read in this session, so its watches are set. */
  #watched = false;
  #catching = false;
  #catchAgain = false;
  #retry: Timer | undefined;
  #check: Timer | undefined;
  #closing = false;
  readonly #commits = new Set<Promise<unknown>>();

  constructor({ session, connectString, root = '/satellite', clock, log, settleMs = 5_000 }: ZooKeeperStoreOptions) {
    this.address = `ZooKeeper at ${connectString}`;
    this.#session = session;
    this.#paths = new TreePaths(root);
    this.#clock = clock;
    this.#log = log;
    this.#settleMs = settleMs;
  }

  get state(): StoreState {
    return this.#state;
  }

  start(listener: StoreListener): void {
    this.#listener = guarded(listener, this.#log);
    const tree = new TreeWatch({
      session: this.#session,
      paths: this.#paths,
      listener: this.#listener,
      log: this.#log,
      onFault: (error) => this.#behind(error),
    });
    this.#tree = tree;
    this.#committer = new TreeCommitter({
      session: this.#session,
      paths: this.#paths,
      tree,
      clock: this.#clock,
      log: this.#log,
      address: this.address,
      settleMs: this.#settleMs,
    });
    this.#session.onWatch((event) => tree.watchFired(event));
    this.#session.onState((state) => this.#sessionChanged(state));
    this.#check = this.#clock.every(CHECK_MS, () => {
      if (this.#state.kind === 'whole') void tree.checkForMissedChanges().catch((error) => this.#behind(error));
    });
    if (this.#session.state.kind === 'connected') this.#sessionChanged({ kind: 'connected', newSession: true });
    this.#session.start();
  }

  async read(host: HostName): Promise<StoredRecord | undefined> {
    try {
      await this.#session.sync(this.#paths.of(host));
      const node = await this.#session.getData(this.#paths.of(host));
      return node && recordOf(host, node);
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  async readAutomation(): Promise<Automation> {
    const { tree } = this.#whole();
    try {
      await this.#session.sync(this.#paths.automation);
      const automation = await tree.rereadAutomation();
      // The server reports a change before it shows a later one: the watches have reported everything that came before the answer.
      await tree.settled();
      this.#whole();
      return automation;
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  async commit(
    changes: readonly Change[],
    automation?: AutomationCheck,
  ): Promise<readonly (StoredRecord | undefined)[]> {
    checkCommit(changes, this.maxChanges);
    const steps = stepsOf(changes, automation, this.#paths);
    const { committer } = this.#whole();
    const commit = committer.apply(changes, automation, steps);
    this.#commits.add(commit);
    return commit.finally(() => this.#commits.delete(commit));
  }

  async close(deadlineMs: number): Promise<void> {
    const endMs = this.#clock.monoMs() + deadlineMs;
    this.#closing = true;
    this.#retry?.cancel();
    this.#check?.cancel();
    const done = new AbortController();
    const settled = Promise.allSettled(this.#commits).then(() => done.abort());
    await Promise.race([settled, sleep(this.#clock, deadlineMs, done.signal)]);
    await this.#session.close(Math.max(0, endMs - this.#clock.monoMs()));
  }

  #sessionChanged(state: SessionState): void {
    this.#retry?.cancel();
    if (state.kind === 'connected') {
      if (state.newSession) this.#watched = false;
      this.#catchUp();
      return;
    }
    const reason = 'reason' in state ? `${state.kind}: ${state.reason}` : state.kind;
    if (state.kind !== 'closed') this.#setOutOfReach(reason);
  }

  /** A read has failed: what the listener knows may be old, until it was caught up with. */
  #behind(error: unknown): void {
    if (this.#closing || this.#session.state.kind !== 'connected') return;
    this.#faults++;
    this.#setOutOfReach(messageOf(error));
    this.#retry?.cancel();
    this.#retry = this.#clock.after(this.#backoff.next(), () => this.#catchUp());
  }

  /** One at a time; asked for meanwhile, it is done again. Never throws. */
  #catchUp(): void {
    this.#catchAgain = true;
    if (!this.#catching) void this.#catchUpNow();
  }

  async #catchUpNow(): Promise<void> {
    this.#catching = true;
    while (this.#catchAgain && !this.#closing) {
      this.#catchAgain = false;
      const faults = this.#faults;
      try {
        await this.#tree?.catchUp(!this.#watched);
        // After a fault another pass is planned already, after a loss the next connection makes one.
        if (this.#catchAgain || this.#faults !== faults || this.#session.state.kind !== 'connected') continue;
        this.#watched = true;
        this.#everWhole = true;
        this.#backoff.reset();
        this.#setState({ kind: 'whole' });
      } catch (error) {
        this.#behind(error);
      }
    }
    this.#catching = false;
  }

  /** @throws SatelliteError store-unavailable unless what the listener knows is up to date */
  #whole(): { tree: TreeWatch; committer: TreeCommitter } {
    const [tree, committer] = [this.#tree, this.#committer];
    if (!tree || !committer || this.#closing || this.#state.kind !== 'whole') throw this.#unavailable();
    return { tree, committer };
  }

  #unavailable(error?: unknown): Error {
    if (error instanceof SatelliteError) return error;
    const why =
      error !== undefined
        ? messageOf(error)
        : this.#closing || this.#state.kind === 'whole'
          ? 'it is being closed'
          : this.#state.reason;
    return new SatelliteError('store-unavailable', `${this.address}: ${why}`, {}, { cause: error });
  }

  #setOutOfReach(reason: string): void {
    this.#setState({ kind: this.#everWhole ? 'lost' : 'unread', reason: `${this.address}: ${reason}` });
  }

  #setState(state: StoreState): void {
    const same = 'reason' in state && 'reason' in this.#state && state.reason === this.#state.reason;
    if (state.kind === this.#state.kind && (state.kind === 'whole' || same)) return;
    this.#state = state;
    this.#listener?.onState(state);
  }
}
