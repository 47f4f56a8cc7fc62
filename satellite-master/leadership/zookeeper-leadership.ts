/**
 * Leadership where several masters share a ZooKeeper: automation is led by the holder of the ephemeral node
 * `<root>/leader` (docs/judgement.md, rule 26a). Whoever takes the node raises the epoch in `<root>/automation` in the
 * same transaction, so that a write of the one before it can no longer succeed.
 */
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { epochIn, withEpoch } from '../whitelist/record/index.ts';
import { type MultiOp, ZooKeeperError, type ZooKeeperSession } from '../zookeeper/index.ts';
import { decide, type LeaderDecision } from './decision.ts';
import { type LeaderNode, leaderNodeIn, leaderNodeText } from './leader-node.ts';
import type { Leadership, Leading } from './leading.ts';
import { isElected, type MesosElection } from './mesos-election.ts';

export interface ZooKeeperLeadershipOptions {
  readonly session: ZooKeeperSession;
  /** `zookeeper-root`. */
  readonly root: string;
  /** Name of this master, for the node. */
  readonly self: string;
  /** Whether this master has read the store whole and sees its changes. */
  readonly isStoreWhole: () => boolean;
  /** undefined: no Mesos is configured here. */
  readonly election: MesosElection | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** What was read of the node last. */
interface SeenNode {
  readonly node: LeaderNode;
  readonly isSelf: boolean;
  readonly version: number;
  readonly czxid: bigint;
  readonly firstSeenMs: number;
}

/** Decides on what is known; costs nothing. */
const DECISION_INTERVAL_MS = 500;
/** Beside the watch, the node is read at this interval. */
const READ_INTERVAL_MS = 5_000;

export class ZooKeeperLeadership implements Leadership {
  readonly #options: ZooKeeperLeadershipOptions;
  readonly #path: string;
  readonly #automation: string;
  readonly #once: OnceLog;
  #now: Leading = { leads: false, reason: 'no connection to ZooKeeper yet' };
  #changed: (leading: Leading) => void = () => undefined;
  #seen: SeenNode | undefined;
  /** Whether the node was read in this session. */
  #wasRead = false;
  #readMs = Number.NEGATIVE_INFINITY;
  #vacantSinceMs: number | undefined;
  #storeLostMs: number | undefined;
  #timer: Timer | undefined;
  #working = false;
  #again = false;
  #stopped = false;

  constructor(options: ZooKeeperLeadershipOptions) {
    this.#options = options;
    this.#path = `${options.root}/leader`;
    this.#automation = `${options.root}/automation`;
    this.#once = new OnceLog(options.log, options.clock);
  }

  get now(): Leading {
    return this.#now;
  }

  get epoch(): number | undefined {
    return this.#now.leads ? this.#seen?.node.epoch : undefined;
  }

  /** To be called before the session is started. */
  start(changed: (leading: Leading) => void): void {
    const { session, clock } = this.#options;
    this.#changed = changed;
    session.onState((state) => {
      if (state.kind !== 'connected' || state.newSession) this.#forget();
      this.#look();
    });
    session.onWatch(({ path }) => {
      if (path === this.#path) this.#reread();
    });
    this.#timer = clock.every(DECISION_INTERVAL_MS, () => this.#look());
    this.#look();
  }

  /** The node itself goes with the session. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #forget(): void {
    this.#wasRead = false;
    this.#readMs = Number.NEGATIVE_INFINITY;
    this.#vacantSinceMs = undefined;
  }

  #reread(): void {
    this.#readMs = Number.NEGATIVE_INFINITY;
    this.#look();
  }

  /** Decides, and does what follows from it. One step at a time. */
  #look(): void {
    if (this.#stopped) return;
    const decision = this.#decide();
    this.#set(decision);
    if (this.#options.session.state.kind !== 'connected') return;
    if (this.#working) {
      this.#again = true;
      return;
    }
    const isDue = this.#options.clock.monoMs() - this.#readMs >= READ_INTERVAL_MS;
    if (decision.step === 'none' && !isDue && !this.#isNodeOutdated()) return;
    this.#working = true;
    void this.#act(decision)
      .then(() => this.#once.recovered('elect', 'leadership is settled again'))
      .catch((error: unknown) => this.#once.warn('elect', 'leadership can not be settled', { err: messageOf(error) }))
      .finally(() => {
        this.#working = false;
        const again = this.#again;
        this.#again = false;
        if (again) this.#look();
        else if (!this.#stopped) this.#set(this.#decide());
      });
  }

  #decide(): LeaderDecision {
    const { session, clock, election, isStoreWhole } = this.#options;
    const nowMs = clock.monoMs();
    const { state } = session;
    this.#storeLostMs = isStoreWhole() ? undefined : (this.#storeLostMs ?? nowMs);
    const seen = this.#seen;
    const disconnected =
      state.kind !== 'connected'
        ? 'reason' in state
          ? state.reason
          : state.kind
        : this.#wasRead
          ? undefined
          : 'the leader node has not been read yet';
    return decide({
      disconnected,
      storeNotWholeMs: this.#storeLostMs === undefined ? undefined : nowMs - this.#storeLostMs,
      holder: seen && { ...seen.node, isSelf: seen.isSelf, seenMs: nowMs - seen.firstSeenMs },
      vacantMs: this.#vacantSinceMs === undefined ? 0 : nowMs - this.#vacantSinceMs,
      mesos: election?.facts,
    });
  }

  /** The node is this master's and says something else of its mesos-master than is true now. */
  #isNodeOutdated(): boolean {
    return this.#seen?.isSelf === true && this.#seen.node.elected !== this.#isElected();
  }

  #isElected(): boolean {
    const { election } = this.#options;
    return election !== undefined && isElected(election.facts, 1);
  }

  /** What another changed meanwhile is found by reading again; a conflict is no fault. */
  async #act({ step }: LeaderDecision): Promise<void> {
    const { session } = this.#options;
    const seen = this.#seen;
    try {
      if (step === 'claim') await this.#take([], false);
      else if (step === 'take-over' && seen)
        await this.#take([{ op: 'remove', path: this.#path, version: seen.version }], true);
      else if (step === 'release' && seen)
        await session.multi([{ op: 'remove', path: this.#path, version: seen.version }]);
      else if (seen && this.#isNodeOutdated()) await this.#rewrite(seen);
    } catch (error) {
      if (!(error instanceof ZooKeeperError && isConflict(error))) throw error;
    } finally {
      if (session.state.kind === 'connected') await this.#read();
    }
  }

  /** Replaces the node and raises the epoch, both or neither; anybody who did so meanwhile makes it fail. */
  async #take(before: readonly MultiOp[], byTakeover: boolean): Promise<void> {
    const { session, root, self } = this.#options;
    let automation = await session.getData(this.#automation);
    if (!automation) {
      await session.ensurePath(root);
      await session.create(this.#automation, Buffer.from('{}'));
      automation = await session.getData(this.#automation);
      if (!automation) return;
    }
    const text = automation.data.toString('utf8');
    const epoch = (epochIn(text) ?? 0) + 1;
    const node = leaderNodeText({ master: self, epoch, elected: this.#isElected(), byTakeover });
    await session.multi([
      ...before,
      { op: 'create', path: this.#path, data: Buffer.from(node), ephemeral: true },
      {
        op: 'set',
        path: this.#automation,
        version: automation.stat.version,
        data: Buffer.from(withEpoch(text, epoch), 'utf8'),
      },
    ]);
  }

  async #rewrite({ node, version }: SeenNode): Promise<void> {
    const data = Buffer.from(leaderNodeText({ ...node, elected: this.#isElected() }));
    await this.#options.session.multi([{ op: 'set', path: this.#path, version, data }]);
  }

  async #read(): Promise<void> {
    const { session, clock } = this.#options;
    const startMs = clock.monoMs();
    const held = await session.exists(this.#path, { watch: true });
    const found = held && (await session.getData(this.#path));
    if (session.state.kind !== 'connected') return;
    const { sessionId } = session;
    this.#wasRead = true;
    this.#readMs = startMs;
    if (!found) {
      // The one for whom others would wait has just left.
      const wasElected = this.#seen?.node.elected === true && !this.#seen.isSelf;
      this.#seen = undefined;
      this.#vacantSinceMs ??= wasElected ? Number.NEGATIVE_INFINITY : startMs;
      return;
    }
    const { czxid, version, ephemeralOwner } = found.stat;
    this.#vacantSinceMs = undefined;
    this.#seen = {
      node: leaderNodeIn(found.data.toString('utf8')),
      isSelf: ephemeralOwner === sessionId,
      version,
      czxid,
      firstSeenMs: this.#seen?.czxid === czxid ? this.#seen.firstSeenMs : startMs,
    };
  }

  #set({ leads, reason }: Leading): void {
    const before = this.#now;
    this.#now = { leads, reason };
    if (before.leads !== leads) this.#changed(this.#now);
  }
}

function isConflict({ kind }: ZooKeeperError): boolean {
  return kind === 'node-exists' || kind === 'no-node' || kind === 'bad-version';
}
