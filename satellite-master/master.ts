/** One master: puts the parts together in the order of the way of a report, starts them and ends them. */
import { hostname } from 'node:os';
import type { Clock, Timer } from '../shared/clock.ts';
import type { Event } from '../shared/event.ts';
import type { HostName } from '../shared/host-name.ts';
import type { Log } from '../shared/log.ts';
import { MesosClient } from '../shared/mesos/index.ts';
import { type Alerts, createAlerts } from './alerts/index.ts';
import { ClusterSide } from './cluster-side.ts';
import { watchHeap } from './events/index.ts';
import { createHttpServer, type HttpServer } from './http/index.ts';
import { RiemannIntake, RiemannSide } from './intake/index.ts';
import type { Leadership, MesosElection } from './leadership/index.ts';
import { ClusterView } from './mesos/cluster/index.ts';
import { ClusterThread } from './mesos/feed/index.ts';
import { OffInMesos } from './off-in-mesos.ts';
import { Reception } from './reception.ts';
import { Recorder, Shadow } from './replay/index.ts';
import { BlackHole } from './rules/black-hole/index.ts';
import { RulesSide } from './rules-side.ts';
import type { MasterSettings } from './settings.ts';
import { Metrics } from './stats/index.ts';
import { Status } from './status.ts';
import { openStore } from './store.ts';
import type { TaskStore } from './tasks/index.ts';
import { openTaskStore } from './tasks/index.ts';
import type { ReplicaChange } from './whitelist/index.ts';
import { createHostCheck, type Why, whyOf } from './whitelist/operators/index.ts';
import type { StoreState } from './whitelist/store/index.ts';
import { WhitelistSide } from './whitelist-side.ts';

/** How fine time is followed: expiry, readmission, reaping. */
const TICK_MS = 100;
const NOBODY: ReadonlySet<HostName> = new Set();

export class Master {
  readonly #settings: MasterSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #self: string;
  readonly #metrics = new Metrics();
  readonly #heap = watchHeap();
  readonly #tasks: TaskStore;
  readonly #leadership: Leadership;
  readonly #election: MesosElection | undefined;
  readonly #mesos: MesosClient | undefined;
  readonly #clusterThread: ClusterThread | undefined;
  readonly #offInMesos: OffInMesos | undefined;
  readonly #reception: Reception;
  readonly #alerts: Alerts;
  readonly #rules: RulesSide;
  readonly #recorder: Recorder | undefined;
  readonly #shadow: Shadow | undefined;
  readonly #blackHole: BlackHole;
  readonly #whitelist: WhitelistSide;
  readonly #cluster: ClusterSide;
  readonly #http: HttpServer;
  readonly #riemann: RiemannSide;
  #ticker: Timer | undefined;

  constructor(settings: MasterSettings, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#self = `satellite-master@${hostname()}:${settings.service.port}`;
    const { dataDir, readmitAfter } = settings;
    const self = this.#self;
    const metrics = this.#metrics;

    const { mesos } = settings;
    const client = mesos && new MesosClient({ ...mesos, role: 'master', clock });
    this.#mesos = client;
    const cluster = mesos && new ClusterView({ ...mesos, clock, log });
    this.#clusterThread =
      cluster && new ClusterThread({ mesos, ...mesos, clock, take: (told) => cluster.take(told), known: cluster });
    const { store, leadership, election } = openStore({ settings, mesos: this.#mesos, self, clock, log });
    this.#tasks = openTaskStore({ settings: settings.taskStore, dataDir, clock, log });
    this.#leadership = leadership;
    this.#election = election;
    const leads = () => leadership.now.leads;

    const mesosWord = (host: HostName) => cluster?.wordOf(host) ?? 'none';
    const whitelist = new WhitelistSide({
      settings,
      store,
      leads,
      epoch: settings.zooKeeper && (() => leadership.epoch),
      silence: {
        quiet: () => reception.quiet(),
        silentForMs: (host) => reception.silentForMs(host),
        isHeard: (host) => reception.isHeard(host),
      },
      mesosWord,
      planned: () => this.#offInMesos?.planned ?? NOBODY,
      metrics,
      self,
      clock,
      log,
    });
    this.#whitelist = whitelist;
    const { replica, wishes, census } = whitelist;
    const alerts = createAlerts({ leads, emit: (events) => reception.takeOwn(events), self, metrics, clock, log });
    this.#alerts = alerts;
    const rules = new RulesSide({
      path: settings.streams,
      readmitAfterMs: readmitAfter.firstMs,
      wishes,
      replica,
      index: (event) => reception.takeFromRules(event),
      live: () => reception.live(),
      openChannels: () => alerts.openModule(),
      leads,
      metrics,
      clock,
      log,
    });
    this.#rules = rules;
    const blackHole = new BlackHole({
      settings: settings.blackHole,
      clock,
      log,
      wishes,
      isInInventory: (host) => replica.get(host) !== undefined,
      ...(cluster ? { isBlind: () => cluster.stale !== undefined, isKnown: (task) => cluster.hasTask(task) } : {}),
      emit: (events) => reception.takeOwn(events),
    });
    this.#blackHole = blackHole;
    cluster?.onTask((task, before) => blackHole.takeTask(task, before));
    const recorder =
      settings.record &&
      new Recorder({
        settings: settings.record,
        records: () => replica.entries(),
        clock,
        log,
        dropped: (events) => metrics.recordDropped.inc(events),
      });
    this.#recorder = recorder;
    const heard = (event: Event) => blackHole.takeEvent(event);
    // Without either, events that concern no rule need not be made into objects.
    const beside =
      recorder || settings.shadowStreams !== undefined
        ? {
            take: (events: readonly Event[], own = false) => {
              recorder?.take(events, own);
              this.#shadow?.take(events, own);
            },
            stalled: (ms: number) => recorder?.stalled(ms),
          }
        : undefined;
    const reception = new Reception({
      rules: rules.rules,
      heard,
      bounds: { servicesPerHost: settings.servicesPerHost, memory: this.#heap.room },
      recorder: beside,
      metrics,
      clock,
      log,
    });
    this.#reception = reception;
    this.#shadow =
      settings.shadowStreams === undefined
        ? undefined
        : new Shadow({
            path: settings.shadowStreams,
            judgement: settings,
            self,
            replica,
            live: () => reception.live(),
            mesosWord,
            clock,
            log,
          });
    const shadow = this.#shadow;
    this.#offInMesos =
      cluster &&
      client &&
      new OffInMesos({
        action: settings.offAction,
        pollIntervalMs: mesos.pollIntervalMs,
        client,
        cluster,
        replica,
        whitelist: whitelist.leaderRecords,
        limit: () => census.limit(),
        leads,
        metrics,
        self,
        clock,
        log,
      });
    const status = new Status({
      replica,
      file: whitelist.file,
      census,
      reconciler: whitelist.reconciler,
      leadership,
      index: reception.index,
      history: whitelist.history,
      tasks: this.#tasks,
      clock,
    });
    this.#cluster = new ClusterSide({
      settings,
      mesos: this.#mesos &&
        cluster && {
          client: this.#mesos,
          cluster,
          remembered: (host) => cluster.wordOf(host) === 'registered',
        },
      replica,
      reception,
      leads,
      hostFigures: () => status.snapshot(),
      ruleFigures: () => rules.figures(),
      clock,
      log,
    });
    metrics.onCollect(() => {
      status.fill(metrics);
      rules.fill(metrics);
      if (shadow) metrics.shadowDifferences.set(shadow.differences);
      if (recorder) metrics.waiting.set({ queue: 'record' }, recorder.waiting);
      this.#cluster.fill(metrics);
      metrics.blackHoleHosts.set(blackHole.hosts);
      metrics.failingApplications.set(blackHole.applications);
    });
    this.#http = createHttpServer({
      settings: { serviceHost: settings.service.host, ...settings.service },
      whitelist: whitelist.whitelist,
      replica,
      history: whitelist.history,
      why: (host) => this.#why(host),
      index: reception.index,
      takeEvents: (events) => reception.take(events),
      onChange: (listener) => reception.onChange(listener),
      tasks: this.#tasks,
      metrics,
      readiness: () => ({ ...status.readiness(), ...rules.readiness(), ...this.#riemann.readiness() }),
      isReady: () => status.isReady(),
      snapshot: () => this.#cluster.snapshot(),
      figureHistory: this.#cluster.figureHistory,
      drift: () => this.#cluster.drift(),
      shadow: shadow && (() => shadow.report()),
      hostCheck: createHostCheck(settings.hostCheck, clock),
      clock,
      log,
    });
    this.#riemann = new RiemannSide({
      tcp: settings.riemannTcp,
      udp: settings.riemannUdp,
      intake: new RiemannIntake({
        takeEvents: (events) => reception.take(events),
        direct: reception,
        metrics,
        clock,
      }),
      index: reception.index,
      metrics,
      clock,
      log,
    });
    replica.onChange((change) => this.#changed(change));
    replica.onStoreState((state) => this.#storeState(state));
  }

  /**
   * Listens and begins to read the store; what comes later is logged.
   * @returns where the service listens
   * @throws Error when the address can't be had
   */
  async start(): Promise<{ readonly host: string; readonly port: number }> {
    const { service } = this.#settings;
    for (const warning of this.#settings.warnings) this.#log.warn(warning);
    const address = await this.#http.listen(service.host, service.port);
    try {
      await this.#riemann.start();
      this.#rules.rules.watch();
    } catch (error) {
      await Promise.all([this.#riemann.close(0), this.#http.close(0)]);
      throw error;
    }
    this.#recorder?.start();
    await this.#whitelist.history.open();
    this.#leadership.start(({ leads, reason }) => {
      this.#log.info({ leads, reason }, leads ? 'this master leads now' : 'this master follows now');
      this.#cluster.leadershipChanged();
      this.#alerts.leadershipChanged();
      this.#whitelist.reconciler.markAll();
    });
    this.#election?.start();
    this.#clusterThread?.start();
    this.#offInMesos?.start();
    await this.#cluster.start();
    this.#whitelist.start();
    this.#tasks.start();
    this.#ticker = this.#clock.every(TICK_MS, () => this.#tick());
    return address;
  }

  /** Loads the rules module anew; broken, it leaves the rules as they are. */
  reloadRules(reason: string): void {
    this.#rules.rules.reload(reason);
    this.#shadow?.reload();
  }

  /** Finishes what was acknowledged, then closes everything; at most about `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#ticker?.cancel();
    this.#whitelist.halt();
    await this.#clusterThread?.stop();
    await this.#offInMesos?.stop();
    await Promise.all([this.#http.close(deadlineMs / 2), this.#riemann.close(deadlineMs / 2)]);
    await this.#cluster.stop();
    await this.#recorder?.close();
    await this.#rules.close(deadlineMs / 8);
    this.#shadow?.close();
    await this.#alerts.close(deadlineMs / 8);
    await this.#tasks.close(deadlineMs / 8);
    this.#election?.stop();
    await this.#leadership.stop();
    await this.#whitelist.close(deadlineMs / 4);
    await this.#mesos?.close();
    this.#heap.close();
  }

  #tick(): void {
    this.#reception.tick();
    this.#shadow?.tick();
    this.#alerts.tick();
    this.#blackHole.tick();
    this.#whitelist.tick();
    this.#offInMesos?.tick();
  }

  #changed(change: ReplicaChange): void {
    const { host, after } = change;
    if (after) this.#reception.recordChanged(host);
    else {
      this.#reception.dropHost(host);
      this.#blackHole.dropHost(host);
      this.#alerts.dropHost(host);
    }
    this.#recorder?.changed(change);
    this.#shadow?.changed(change);
  }

  #storeState(state: StoreState): void {
    if (state.kind !== 'whole') return;
    this.#recorder?.storeWhole();
    this.#shadow?.becomeWhole();
  }

  #why(host: HostName): Why | undefined {
    const entry = this.#whitelist.replica.get(host);
    if (!entry) return undefined;
    return whyOf({
      entry,
      decision: this.#whitelist.reconciler.decisionFor(host),
      held: this.#whitelist.reconciler.held.get(host),
      countingTests: this.#reception.countingTests(host),
      blackHole: this.#blackHole.textOf(host),
      noJudgement: this.#rules.rules.noJudgement,
      inMesos: this.#offInMesos?.textOf(host),
      nowMs: this.#clock.monoMs(),
      nowS: this.#clock.wallMs() / 1000,
    });
  }
}
