/**
 * The records in ZooKeeper as the store's listener gets them: every node read with a watch, read again when the
 * watch fires, and reported in the order of the answers. Only zookeeper-store.ts uses it.
 *
 * What keeps it right: answers of one session come in the order of the calls; a read that finds a node leaves a watch
 * on it, so whatever happens to that node later makes another read; a listing only says which nodes to read. So the
 * last answer about a host is the newest, and only answers are ever reported.
 */
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import type { Log } from '../../../shared/log.ts';
import { type Stat, type WatchEvent, ZooKeeperError, type ZooKeeperSession } from '../../zookeeper/index.ts';
import type { Automation, StoredRecord, StoreListener } from './store.ts';

/** A node as the session reads it. */
export interface Node {
  readonly data: Buffer;
  readonly stat: Stat;
}

export interface TreeWatchOptions {
  readonly session: ZooKeeperSession;
  readonly paths: TreePaths;
  readonly listener: StoreListener;
  readonly log: Log;
  /** A read in the background has failed: what was reported may be behind until {@link TreeWatch.catchUp}. */
  onFault(error: unknown): void;
}

/** What was last reported of a host. */
interface Reported {
  readonly mzxid: bigint;
  readonly czxid: bigint;
}

/** Fills the pipe to the server and leaves room for the calls of others. */
const READS_AT_ONCE = 250;
/** Names remembered so as to be said only once. */
const MAX_UNFIT_NAMES = 10_000;

export class TreePaths {
  readonly root: string;
  readonly whitelist: string;
  readonly automation: string;

  constructor(root: string) {
    this.root = root;
    this.whitelist = `${root}/whitelist`;
    this.automation = `${root}/automation`;
  }

  of(host: HostName): string {
    return `${this.whitelist}/${host}`;
  }
}

export class TreeWatch {
  readonly #session: ZooKeeperSession;
  readonly #paths: TreePaths;
  readonly #listener: StoreListener;
  readonly #log: Log;
  readonly #onFault: (error: unknown) => void;
  readonly #reported = new Map<HostName, Reported>();
  /** Hosts whose last read failed: they may have no watch. */
  readonly #stale = new Set<HostName>();
  readonly #unfit = new Set<string>();
  /** Reads under way, with all that follows from them. */
  readonly #pending = new Set<Promise<unknown>>();
  /** Answers are reported one after another, in the order they came. */
  #turn: Promise<unknown> = Promise.resolve();
  /** How many answers about hosts have come. */
  #answers = 0;
  /** The automation node was reported as of that many answers, or later. */
  #automationAsOf = -1;
  #automationMzxid = -1n;
  #listing: Promise<unknown> | undefined;
  #nextListing: Promise<void> | undefined;
  #listedPzxid = -1n;

  constructor({ session, paths, listener, log, onFault }: TreeWatchOptions) {
    this.#session = session;
    this.#paths = paths;
    this.#listener = listener;
    this.#log = log;
    this.#onFault = onFault;
  }

  /**
   * Brings everything up to date after a connection was made; resolves when that was reported.
   * @param everything whether to read every node (the watches of the last session are gone), or only those that came,
   *   went or could not be read (the session went on, and its watches report the rest)
   * @throws ZooKeeperError
   */
  async catchUp(everything: boolean): Promise<void> {
    await this.#session.ensurePath(this.#paths.whitelist);
    await this.#session.sync(this.#paths.whitelist);
    await this.rereadAutomation(everything);
    await this.#track(this.#list(everything));
    await this.settled();
  }

  watchFired({ type, path }: WatchEvent): void {
    const { whitelist, automation } = this.#paths;
    // What fails in the background is reported to onFault.
    if (path === automation) void this.rereadAutomation();
    else if (path === whitelist) void this.relist();
    else if (path.startsWith(`${whitelist}/`) && type !== 'children') {
      const host = parseHostName(path.slice(whitelist.length + 1));
      if (host) void this.reread(host);
    }
  }

  /** Reads a host's node, leaves a watch on it, and reports what is new before it resolves. */
  reread(host: HostName, everything = false): Promise<StoredRecord | undefined> {
    return this.#track(this.#rereadNow(host, everything));
  }

  /** The same for the automation node, which is made where it is missing. */
  rereadAutomation(everything = false): Promise<Automation> {
    return this.#track(
      this.#fetchAutomation().then((found) => this.#inTurn(() => this.#publishAutomation(found, everything))),
    );
  }

  /** Lists the hosts again: at most one listing is under way and one waits. */
  relist(): Promise<void> {
    if (!this.#listing) return this.#track(this.#list(false));
    this.#nextListing ??= this.#track(
      this.#listing
        .catch(() => undefined)
        .then(() => {
          this.#nextListing = undefined;
          return this.#list(false);
        }),
    );
    return this.#nextListing;
  }

  /** Lists again when hosts came or went without a word: a net below the watches. */
  async checkForMissedChanges(): Promise<void> {
    const stat = await this.#session.exists(this.#paths.whitelist);
    if (this.#listing || this.#nextListing || stat?.pzxid === this.#listedPzxid) return;
    this.#log.warn('The list of hosts changed in ZooKeeper without a watch saying so; it is read again');
    await this.relist();
  }

  /**
   * Resolves when everything that the watches have reported up to now was read and reported on.
   * @throws ZooKeeperError when a part of it could not be read
   */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
    await this.#turn;
  }

  async #rereadNow(host: HostName, everything: boolean): Promise<StoredRecord | undefined> {
    try {
      const node = await this.#node(this.#paths.of(host));
      const answer = ++this.#answers;
      await this.#inTurn(() => this.#report(host, node, answer, everything));
      this.#stale.delete(host);
      return node && recordOf(host, node);
    } catch (error) {
      this.#stale.add(host);
      throw error;
    }
  }

  /** A node that others forbid us to read counts as an empty one: it is reported by name and costs only itself. */
  async #node(path: string): Promise<Node | undefined> {
    try {
      return await this.#session.getData(path, { watch: true });
    } catch (error) {
      if (!(error instanceof ZooKeeperError && error.kind === 'no-auth')) throw error;
      const stat = await this.#session.exists(path, { watch: true });
      return stat && { data: Buffer.alloc(0), stat };
    }
  }

  async #report(host: HostName, node: Node | undefined, answer: number, everything: boolean): Promise<void> {
    const reported = this.#reported.get(host);
    // Older than what was reported: a late answer, unless everything is read again; then the tree was put back to an older state.
    const older = reported !== undefined && node !== undefined && node.stat.mzxid < reported.mzxid;
    if (older && !everything) return;
    if (reported && (!node || older || node.stat.czxid !== reported.czxid)) {
      if (this.#automationAsOf < answer) this.#publishAutomation(await this.#fetchAutomation(), everything);
      this.#reported.delete(host);
      this.#listener.onRecord(host, undefined);
    } else if (reported?.mzxid === node?.stat.mzxid) return;
    if (!node) return;
    this.#reported.set(host, { mzxid: node.stat.mzxid, czxid: node.stat.czxid });
    this.#listener.onRecord(host, recordOf(host, node));
  }

  async #fetchAutomation(): Promise<{ node: Node; asOf: number }> {
    const { automation } = this.#paths;
    for (;;) {
      const asOf = this.#answers;
      const node = await this.#session.getData(automation, { watch: true });
      if (node) return { node, asOf };
      if (this.#automationMzxid >= 0n)
        this.#log.error({ path: automation }, 'znode was removed from ZooKeeper; creating it');
      await this.#session.ensurePath(this.#paths.root);
      await this.#session.create(automation, Buffer.from('{}')).catch((error: unknown) => {
        if (!(error instanceof ZooKeeperError && error.kind === 'node-exists')) throw error;
      });
    }
  }

  #publishAutomation({ node, asOf }: { node: Node; asOf: number }, everything: boolean): Automation {
    const automation = { version: node.stat.version, data: node.data.toString('utf8') };
    const isNews = everything ? node.stat.mzxid !== this.#automationMzxid : node.stat.mzxid > this.#automationMzxid;
    this.#automationAsOf = Math.max(this.#automationAsOf, asOf);
    if (isNews) {
      this.#automationMzxid = node.stat.mzxid;
      this.#listener.onAutomation(automation);
    }
    return automation;
  }

  /** Reads the list, and then every host in it or reported before that has come, gone or could not be read. */
  async #list(everything: boolean): Promise<void> {
    const children = this.#children();
    this.#listing = children;
    const found = await children.finally(() => {
      if (this.#listing === children) this.#listing = undefined;
    });
    this.#listedPzxid = found.stat.pzxid;
    // In turn, because what was reported decides which hosts are new.
    const hosts = await this.#inTurn(() => this.#hostsToRead(found.names, everything));
    // A call's time begins when it is made: what has to wait for its turn waits here.
    const readOneByOne = async () => {
      for (let host = hosts.pop(); host; host = hosts.pop()) await this.reread(host, everything);
    };
    await Promise.all(Array.from({ length: READS_AT_ONCE }, readOneByOne));
  }

  async #children(): Promise<{ names: readonly string[]; stat: Stat }> {
    const { whitelist } = this.#paths;
    for (;;) {
      const children = await this.#session.getChildren(whitelist, { watch: true });
      if (children) return children;
      this.#log.error({ path: whitelist }, 'znode was removed from ZooKeeper; creating it');
      await this.#session.ensurePath(whitelist);
    }
  }

  /** Done at every creation and deletion, over all names: so it only looks up what it knows already. */
  #hostsToRead(names: readonly string[], everything: boolean): HostName[] {
    const toRead = new Set(this.#stale);
    let known = 0;
    for (const name of names) {
      const isKnown = this.#reported.has(name as HostName);
      if (isKnown) known++;
      if (isKnown && !everything) continue;
      const host = parseHostName(name);
      if (host) toRead.add(host);
      else this.#publishUnfitName(name);
    }
    if (known < this.#reported.size) {
      const listed = new Set(names);
      for (const host of this.#reported.keys()) if (!listed.has(host)) toRead.add(host);
    }
    return [...toRead];
  }

  #publishUnfitName(name: string): void {
    if (this.#unfit.has(name) || this.#unfit.size >= MAX_UNFIT_NAMES) return;
    this.#unfit.add(name);
    this.#listener.onUnfitName(name);
  }

  #inTurn<T>(step: () => T | Promise<T>): Promise<T> {
    const result = this.#turn.then(step);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #track<T>(read: Promise<T>): Promise<T> {
    this.#pending.add(read);
    void read.then(
      () => this.#pending.delete(read),
      (error: unknown) => {
        this.#pending.delete(read);
        this.#onFault(error);
      },
    );
    return read;
  }
}

export function recordOf(host: HostName, { data, stat }: Node): StoredRecord {
  return {
    host,
    data: data.toString('utf8'),
    version: stat.version,
    createdMs: stat.ctimeMs,
    order: stat.mzxid,
  };
}
