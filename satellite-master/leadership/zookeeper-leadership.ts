/** Leadership without a Mesos: the master that holds the ephemeral node `<root>/leader` in ZooKeeper leads (judgement.md 26). */
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { ZooKeeperError, type ZooKeeperSession } from '../zookeeper/index.ts';
import type { Leadership, Leading } from './leadership.ts';

export interface StoreLeadershipOptions {
  readonly session: ZooKeeperSession;
  /** `zookeeper-root`. */
  readonly root: string;
  /** Written into the node, for people. */
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Beside the watch: whether the node is still there and ours is looked at so often. */
const CHECK_MS = 5_000;

export class StoreLeadership implements Leadership {
  readonly #options: StoreLeadershipOptions;
  readonly #path: string;
  readonly #once: OnceLog;
  #now: Leading = { leads: false, reason: 'no connection to ZooKeeper yet' };
  #changed: (leading: Leading) => void = () => undefined;
  #timer: Timer | undefined;
  #trying = false;
  #again = false;
  #stopped = false;

  constructor(options: StoreLeadershipOptions) {
    this.#options = options;
    this.#path = `${options.root}/leader`;
    this.#once = new OnceLog(options.log, options.clock);
  }

  get now(): Leading {
    return this.#now;
  }

  /** To be called before the session is started. */
  start(changed: (leading: Leading) => void): void {
    const { session, clock } = this.#options;
    this.#changed = changed;
    session.onState((state) => {
      if (state.kind === 'connected') this.#try();
      else
        this.#set({
          leads: false,
          reason: `no connection to ZooKeeper: ${'reason' in state ? state.reason : state.kind}`,
        });
    });
    session.onWatch(({ path }) => {
      if (path === this.#path) this.#try();
    });
    this.#timer = clock.every(CHECK_MS, () => this.#try());
    if (session.state.kind === 'connected') this.#try();
  }

  /** The node itself goes with the session. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #try(): void {
    if (this.#trying) {
      this.#again = true;
      return;
    }
    if (this.#stopped || this.#options.session.state.kind !== 'connected') return;
    this.#trying = true;
    void this.#elect()
      .catch((error: unknown) => this.#once.warn('elect', `leadership can't be settled: ${messageOf(error)}`))
      .finally(() => {
        this.#trying = false;
        if (!this.#again) return;
        this.#again = false;
        this.#try();
      });
  }

  /** Looks who holds the node, with a watch on it; where nobody does, takes it. */
  async #elect(): Promise<void> {
    const { session, root, self } = this.#options;
    for (;;) {
      const held = await session.exists(this.#path, { watch: true });
      if (session.state.kind !== 'connected') return;
      if (held) {
        const mine = held.ephemeralOwner === session.sessionId;
        this.#set(
          mine
            ? { leads: true, reason: 'holds the leader node in ZooKeeper' }
            : { leads: false, reason: 'another master holds the leader node in ZooKeeper' },
        );
        this.#once.recovered('elect', 'leadership is settled again');
        return;
      }
      try {
        await session.create(this.#path, Buffer.from(self), { ephemeral: true });
      } catch (error) {
        if (!(error instanceof ZooKeeperError)) throw error;
        if (error.kind === 'no-node') await session.ensurePath(root);
        else if (error.kind !== 'node-exists') throw error;
      }
    }
  }

  #set(leading: Leading): void {
    const before = this.#now;
    this.#now = leading;
    if (before.leads !== leading.leads) this.#changed(leading);
  }
}
