/**
 * One master, composed in the order in which data flows: store and Mesos, events, rules, records, the whitelist file, and
 * what is shown of all that. At the end stands the order in which the parts start.
 */
import { hostname } from 'node:os';
import type { Clock } from '../shared/clock.ts';
import type { Event } from '../shared/event.ts';
import type { HostName } from '../shared/host-name.ts';
import { listenError } from '../shared/listen-error.ts';
import type { Log } from '../shared/log.ts';
import { MesosClient } from '../shared/mesos/index.ts';
import { version } from '../shared/version.ts';
import { createAlerts } from './alerts/index.ts';
import { EventHub, Presence, watchHeap } from './events/index.ts';
import { createHttpServer } from './http/index.ts';
import { RiemannIntake, RiemannPort } from './intake/index.ts';
import { createJudgement, type Judgement, type MesosFacts, registerJudgement } from './judgement/index.ts';
import {
  FILE_KEEPER_STATES,
  FileKeeperWatch,
  type Leadership,
  type MasterStates,
  Masters,
  MesosElection,
  MesosLeadership,
  SoleLeadership,
  ZooKeeperLeadership,
} from './leadership/index.ts';
import { CLUSTER_STATES, ClusterModel, clusterState } from './mesos/cluster/index.ts';
import { AgentDeactivation, HostsInMaintenance } from './mesos/deactivation/index.ts';
import { DriftWatch, unknownHostWarning } from './mesos/drift/index.ts';
import { FeedThread } from './mesos/feed/index.ts';
import { ClusterReporter, hostOfMesos, LeaderMetrics } from './mesos/metrics/index.ts';
import { Lifecycle, Ticker } from './part.ts';
import { Recorder, Shadow } from './replay/index.ts';
import { BlackHole } from './rules/black-hole/index.ts';
import { RuleFaults, RuleStats, rulesSource } from './rules/engine/index.ts';
import { Forwarding } from './rules/forwarding/index.ts';
import type { MasterSettings } from './settings.ts';
import {
  ClusterFigures,
  FigureRecorder,
  hostFigures,
  Metrics,
  Readiness,
  setState,
  snapshotOf,
} from './stats/index.ts';
import { LostTasks, openTaskStore } from './tasks/index.ts';
import { DepartedHostReaper, ExpiredEventReaper } from './whitelist/automation/index.ts';
import {
  BrokenRecordsHold,
  DisappearanceHold,
  damageHold,
  ExistingFile,
  FilePublisher,
  registerFile,
} from './whitelist/file/index.ts';
import { ChangeLog, History } from './whitelist/history/index.ts';
import { RecordEditor, Replica } from './whitelist/index.ts';
import { createHostCheck } from './whitelist/operators/index.ts';
import { EmbeddedStore, FencedStore, registerStoreClock, StoreClock, ZooKeeperStore } from './whitelist/store/index.ts';
import { createZooKeeperSession } from './zookeeper/index.ts';

export interface Master {
  /**
   * Opens the ports and begins to read the store; what comes later is logged.
   * @returns where the service listens; undefined: it was stopped before
   * @throws Error when a port can't be had
   */
  start(): Promise<{ readonly host: string; readonly port: number } | undefined>;
  /**
   * Finishes what was acknowledged, then closes everything, the ports first.
   * @returns the names of parts that had to be cut off
   */
  stop(withinMs: number): Promise<readonly string[]>;
  /** What decides in it. */
  readonly judgement: Judgement;
  /** Reads the rules modules again; broken, they leave the rules as they are. @param reason for the log */
  reloadRules(reason: string): void;
}

/** How fine time is followed: expiry, readmission, reaping. */
const TICK_MS = 100;
/** Without a Mesos the whitelist's own figures are still published. */
const DEFAULT_POLL_MS = 60_000;
/** Drift is looked for at least this often, whatever `sleep-time` is. */
const MAX_DRIFT_INTERVAL_MS = 60_000;
const FILE_KEEPER_INTERVAL_MS = 1_000;
const DEPARTED_INTERVAL_MS = 600_000;
const NO_HOSTS: ReadonlySet<HostName> = new Set();

/** @throws RulesError, SettingsError or what opening a store throws */
export function createMaster(
  settings: MasterSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Master {
  const { dataDir, readmitAfter, offShare, service, whitelistPath } = settings;
  const self = `satellite-master@${hostname()}:${service.port}`;
  const metrics = new Metrics();
  const readiness = new Readiness();

  // The store, and who leads.
  const mesosClient = settings.mesos && new MesosClient({ ...settings.mesos, role: 'master', clock });
  const session = settings.zooKeeper && createZooKeeperSession({ ...settings.zooKeeper, clock, log });
  const store =
    session && settings.zooKeeper
      ? new ZooKeeperStore({ ...settings.zooKeeper, session, clock, log })
      : new EmbeddedStore({ dataDir, clock, log });
  const election = mesosClient && new MesosElection(mesosClient, clock, log);
  const leadership: Leadership =
    session && settings.zooKeeper
      ? new ZooKeeperLeadership({
          session,
          root: settings.zooKeeper.root,
          self,
          isStoreWhole: () => store.state.kind === 'whole',
          election,
          clock,
          log,
        })
      : election
        ? new MesosLeadership(election)
        : new SoleLeadership();
  const leads = () => leadership.now.leads;
  readiness.add('leader', {
    state: () => `${leads() ? 'leads' : 'follows'}: ${leadership.now.reason}`,
  });
  metrics.onCollect(() => metrics.leader.set(leads() ? 1 : 0));
  // Records are dated, and expire, by the clock of the store.
  const storeClock = session && new StoreClock(clock);
  const recordClock = storeClock ?? clock;
  registerStoreClock(storeClock, metrics, readiness);
  const replica = new Replica({ clock: recordClock, log, foreignHoldMs: readmitAfter.firstMs });
  replica.onStoreState((state) => {
    if (state.kind === 'whole') log.info({ store: store.address, hosts: replica.size }, 'store read whole');
    else
      log.warn(
        { store: store.address, state: state.kind, reason: state.reason },
        'store not whole; the whitelist file stays as it is',
      );
  });
  const records = new RecordEditor({ store, replica, clock: recordClock });
  // What only the leader writes is checked against the epoch under which it leads.
  const leaderStore = settings.zooKeeper
    ? new FencedStore({ store, epoch: () => leadership.epoch, automation: () => replica.automation })
    : store;
  const leaderRecords = new RecordEditor({ store: leaderStore, replica, clock: recordClock });

  // Mesos: its agents and tasks, and which machines it has in maintenance.
  const cluster = settings.mesos && new ClusterModel({ ...settings.mesos, clock, log });
  const feed =
    cluster &&
    new FeedThread({
      mesos: settings.mesos,
      ...settings.mesos,
      clock,
      apply: (message) => cluster.apply(message),
      known: cluster,
    });
  if (cluster) {
    readiness.add('mesos', { state: () => clusterState(cluster).text });
    metrics.onCollect(() => setState(metrics.mesosState, 'state', CLUSTER_STATES, clusterState(cluster).kind));
  }
  const maintenance =
    cluster &&
    mesosClient &&
    new HostsInMaintenance({
      cluster,
      status: () => mesosClient.get('/maintenance/status'),
      hosts: () => Array.from(replica.entries(), ({ host }) => host),
      pollIntervalMs: settings.mesos.pollIntervalMs,
      clock,
      log,
    });

  const mesos: MesosFacts | undefined = cluster && {
    registrationOf: (host) => cluster.registrationOf(host),
    inMaintenance: () => maintenance?.hosts ?? NO_HOSTS,
  };

  // Events, and what decides on them.
  const heap = watchHeap();
  const hub = new EventHub({
    bounds: { servicesPerHost: settings.servicesPerHost, memory: heap.room },
    counters: {
      dropped: (reason) => metrics.eventsDropped.inc({ reason }),
      expired: () => metrics.eventsExpired.inc(),
      stalled: () => metrics.stalls.inc(),
    },
    clock,
    log,
  });
  const presence = new Presence({ hub, clock });
  const publishOwn = (events: readonly Event[]) => hub.publish(events, 'self');
  const alerts = createAlerts({ leads, emit: publishOwn, self, metrics, clock, log });
  const forwarding = new Forwarding({ leads, metrics, clock, log });
  const ruleStats = new RuleStats(clock);
  const ruleFaults = new RuleFaults({ clock, log, counted: (stream) => metrics.ruleFaults.inc({ stream }) });
  const judgement = createJudgement({
    store: leaderStore,
    leads,
    mesos,
    settings,
    rules: rulesSource(settings.streams),
    effects: {
      openChannels: () => alerts.openModule(),
      log: (message, item) => log.info({ item }, message),
      forward: (address, events) => forwarding.forward(address, events),
      holdForward: (address) => forwarding.hold(address),
      releaseForward: (address) => forwarding.release(address),
      stat: (name, value, ttlS) => ruleStats.set(name, value, ttlS),
      tap: () => undefined,
      fault: (stream, error, place) => ruleFaults.take(stream, error, place),
    },
    hub,
    presence,
    replica,
    self,
    clock,
    recordClock,
    log,
  });
  registerJudgement(judgement, metrics, readiness);
  const { rules, flags, guardCounts } = judgement;
  replica.onChange(({ host, after }) => {
    if (after) return;
    hub.dropHost(host);
    presence.dropHost(host);
    alerts.dropHost(host);
  });
  metrics.onCollect(() => metrics.waiting.set({ queue: 'forward' }, forwarding.waiting));

  // Black holes are judged by tasks.
  const blackHole = new BlackHole({
    settings: settings.blackHole,
    clock,
    log,
    desired: flags,
    isInInventory: (host) => replica.get(host) !== undefined,
    ...(cluster ? { isBlind: () => cluster.stale !== undefined, isKnown: (task) => cluster.hasTask(task) } : {}),
    emit: publishOwn,
  });
  cluster?.onTask((task, before) => blackHole.ingestTask(task, before));
  hub.subscribe({
    wants: 'tests',
    onEvent: (event, origin) => {
      if (origin === 'report') blackHole.ingestEvent(event);
    },
  });
  replica.onChange(({ host, after }) => {
    if (!after) blackHole.dropHost(host);
  });
  metrics.onCollect(() => {
    metrics.blackHoleHosts.set(blackHole.hosts);
    metrics.failingApplications.set(blackHole.applications);
  });

  // What listens beside the judgement: the recording, and rules on trial.
  const recorder =
    settings.record &&
    new Recorder({
      settings: settings.record,
      records: () => replica.entries(),
      clock,
      log,
      dropped: (events) => metrics.recordDropped.inc(events),
    });
  if (recorder) {
    hub.subscribe({
      onArrival: (events, origin) => {
        if (origin !== 'rules') recorder.record(events, origin === 'self');
      },
      onStall: (ms) => recorder.stalled(ms),
    });
    replica.onChange((change) => recorder.changed(change));
    replica.onStoreState(({ kind }) => {
      if (kind === 'whole') recorder.storeWhole();
    });
    metrics.onCollect(() => metrics.waiting.set({ queue: 'record' }, recorder.waiting));
  }
  const shadow =
    settings.shadowStreams === undefined
      ? undefined
      : new Shadow({ path: settings.shadowStreams, live: judgement, mesos, settings, self, clock, log });
  if (shadow) metrics.onCollect(() => metrics.shadowDifferences.set(shadow.differences));

  // Records: what has become of them, and what time does to them.
  const history = new History({ dataDir, clock, log });
  const changeLog = new ChangeLog({
    history,
    clock: recordClock,
    log,
    counted: (cause) => metrics.whitelistChanges.inc({ cause }),
  });
  replica.onChange((change) => changeLog.changed(change));
  let historyFailures = 0;
  metrics.onCollect(() => {
    metrics.waiting.set({ queue: 'history' }, history.waiting);
    metrics.historyFailures.inc(history.failures - historyFailures);
    historyFailures = history.failures;
  });
  const reaper = new ExpiredEventReaper({
    whitelist: records,
    replica,
    self,
    clock: recordClock,
    log,
    reaped: (count) => metrics.reaped.inc(count),
  });
  replica.onChange((change) => reaper.changed(change));
  const forgetter = new DepartedHostReaper({
    whitelist: leaderRecords,
    replica,
    guardCounts,
    isHeard: (host) => presence.isHeard(host),
    leads,
    forgetAfterMs: settings.forgetAfterMs,
    self,
    log,
  });

  // The file that mesos-master reads.
  const disappearances = new DisappearanceHold({ dataDir, replica, clock: recordClock, log });
  const file = new FilePublisher({
    path: whitelistPath,
    replica,
    existing: new ExistingFile({ path: whitelistPath, dataDir, store, replica, self, clock: recordClock, log }),
    holds: [damageHold(store), disappearances, new BrokenRecordsHold(replica)],
    offShare,
    clock: recordClock,
    log,
    tried: (outcome) => metrics.publishes.inc({ outcome }),
  });
  registerFile(file, clock, metrics, readiness);

  // The masters of this cluster, and whether one keeps the file that the leading mesos-master reads.
  const states = (): MasterStates => ({
    id: `${hostname()}:${service.port}`,
    url: `http://${hostname()}:${service.port}`,
    version,
    mesos: election?.beside ?? null,
    leads: leads(),
    store: replica.state.kind,
    file: {
      state: file.state.kind,
      age: file.verifiedMs === undefined ? null : Math.round((clock.monoMs() - file.verifiedMs) / 1000),
    },
    clockOffset: storeClock ? secondsOf(storeClock.offsetMs) : 0,
  });
  const masters = new Masters({
    session,
    root: settings.zooKeeper?.root ?? '',
    self: states,
    hostsHeard: () => [...presence.heard()].length,
    onStoreTime: (measurement) => storeClock?.measured(measurement),
    clock,
    log,
  });
  const fileKeeper = new FileKeeperWatch({
    self: states,
    others: () => masters.others,
    publish: publishOwn,
    host: hostOfMesos(undefined, hostname()),
    clock,
    log,
  });
  readiness.add('masters', { state: () => fileKeeper.text });
  metrics.onCollect(() => setState(metrics.fileKeeper, 'state', FILE_KEEPER_STATES, fileKeeper.state.kind));

  // What being off means in Mesos beyond the whitelist.
  const deactivation =
    cluster &&
    mesosClient &&
    new AgentDeactivation({
      action: settings.offAction,
      cluster,
      call: (call, abort) => mesosClient.call(call, abort),
      planned: (host) => maintenance?.stateOf(host),
      replica,
      whitelist: leaderRecords,
      limit: () => guardCounts.limit(),
      leads,
      self,
      clock,
      log,
      counted: (call, outcome) => metrics.bridgeCalls.inc({ call, outcome }),
    });
  if (deactivation) {
    replica.onChange((change) => deactivation.changed(change));
    metrics.onCollect(() => {
      metrics.bridgeRefused.set(deactivation.refusals);
      metrics.plannedHosts.set(maintenance?.hosts.size ?? 0);
    });
  }

  // Figures of the cluster, and where whitelist and Mesos disagree.
  const pollIntervalMs = settings.mesos?.pollIntervalMs ?? DEFAULT_POLL_MS;
  const clusterFigures = new ClusterFigures(clock);
  // An inventory that has not been read yet is not empty: it has no figures.
  const ownFigures = () => (replica.complete ? hostFigures({ on: replica.on().length, all: replica.size }) : undefined);
  const snapshot = () =>
    snapshotOf(ownFigures() ?? {}, settings.mesos ? clusterFigures.snapshot() : {}, ruleStats.snapshot());
  const figures = new FigureRecorder({
    dataDir,
    figures: () => (replica.complete ? snapshot() : {}),
    clock,
    log,
  });
  const mesosLeader = mesosClient && new LeaderMetrics(mesosClient);
  const reporter = new ClusterReporter({
    mesos: cluster && mesosClient && mesosLeader && { client: mesosClient, cluster, leader: mesosLeader },
    figures: clusterFigures,
    leads,
    hostFigures: ownFigures,
    publish: publishOwn,
    mesosHost: hostOfMesos(settings.mesos?.url, hostname()),
    host: hostOfMesos(undefined, hostname()),
    pollIntervalMs,
    clock,
    log,
  });
  const drift = new DriftWatch({
    cluster,
    replica,
    heard: () => presence.heard(),
    remembered: (host) => cluster?.registrationOf(host) === 'registered',
    clock,
  });
  metrics.onCollect(() => {
    if (settings.mesos) metrics.cluster.fill(clusterFigures);
    metrics.cluster.fillDrift(drift.counts());
  });

  // Task metadata.
  const tasks = openTaskStore({ settings: settings.taskStore, dataDir, clock, log });
  const lostTasks = cluster && new LostTasks({ cluster, store: tasks, clock, log });
  readiness.add('tasks', { state: () => (tasks.fault === undefined ? 'ok' : `unavailable: ${tasks.fault}`) });
  metrics.onCollect(() => metrics.taskStoreBytes.set(tasks.stats()?.bytes ?? Number.NaN));

  // The doors.
  const riemannIntake = new RiemannIntake({
    publishEvents: (events) => hub.publish(events, 'report'),
    direct: hub,
    metrics,
    clock,
  });
  const riemannPorts = (['tcp', 'udp'] as const).flatMap((transport) => {
    const socket = transport === 'tcp' ? settings.riemannTcp : settings.riemannUdp;
    if (!socket) return [];
    const port = new RiemannPort({
      transport,
      settings: socket,
      intake: riemannIntake,
      index: hub.index,
      metrics,
      clock,
      log,
    });
    readiness.add(`riemann-${transport}`, { state: () => port.state });
    return [{ name: `riemann-${transport}`, port }];
  });
  const http = createHttpServer({
    settings: { serviceHost: service.host, ...service },
    whitelist: records,
    replica,
    history,
    why: (host) =>
      judgement.why(host, {
        blackHole: blackHole.textOf(host),
        inMesos: deactivation?.textOf(host),
        fileUnkept: fileKeeper.warning,
        fileHeld: file.holdReason,
      }),
    index: hub.index,
    publishEvents: (events) => hub.publish(events, 'report'),
    onChange: (listener) => hub.subscribe({ onEvent: (event) => listener(event), onExpired: listener }),
    tasks,
    metrics,
    readiness: () => readiness.states(),
    isReady: () => readiness.isReady(),
    snapshot,
    figureHistory: figures.history,
    async drift() {
      await drift.looked();
      return drift.report();
    },
    masters: () => masters.all(),
    warnings: () => (fileKeeper.warning === undefined ? [] : [fileKeeper.warning]),
    shadow: shadow && (() => shadow.report()),
    whitelistFile: file,
    unknownHost: (host) =>
      unknownHostWarning(host, {
        cluster,
        hosts: () => Array.from(replica.entries(), (entry) => entry.host),
        isHeard: (name) => presence.isHeard(name),
      }),
    hostCheck: createHostCheck(settings.hostCheck, clock),
    clock,
    recordClock,
    log,
  });

  // The order in which the parts start; they stop in the reverse order, so that the ports close first.
  const parts = new Lifecycle({ clock, log });
  parts.add('heap-watch', { stop: () => heap.close() });
  if (mesosClient) parts.add('mesos-client', { stop: () => mesosClient.close() });
  if (mesosLeader) parts.add('mesos-leader-client', { stop: () => mesosLeader.close() });
  // Parts that read from the disk do not keep the others waiting: it may hang.
  parts.add('history', { start: () => void history.open(), stop: () => history.close() });
  parts.add('store', { stop: ({ leftMs }) => store.close(leftMs()) });
  parts.add('leadership', {
    start: () =>
      leadership.start(({ leads: isLeader, reason }) => {
        log.info({ reason }, isLeader ? 'this master leads' : 'this master follows');
        reporter.publishLeader();
        alerts.leadershipChanged();
        judgement.reconciler.markAll();
      }),
    stop: () => leadership.stop(),
  });
  if (election) parts.add('mesos-election', { start: () => election.start(), stop: () => election.stop() });
  parts.add('masters', masters);
  parts.add('file-keeper', new Ticker(clock, FILE_KEEPER_INTERVAL_MS, [fileKeeper]));
  parts.add('inventory-baseline', disappearances);
  parts.add('whitelist-file', { stop: (deadline) => file.stop(deadline) });
  parts.add('tasks', { start: () => tasks.start(), stop: ({ leftMs }) => tasks.close(leftMs()) });
  if (lostTasks) parts.add('lost-tasks', lostTasks);
  parts.add('alerts', { stop: ({ leftMs }) => alerts.close(leftMs()) });
  parts.add('forwarding', { stop: ({ leftMs }) => forwarding.close(leftMs()) });
  if (recorder) parts.add('recorder', { start: () => recorder.start(), stop: () => recorder.close() });
  parts.add('figures', { start: () => void figures.start(), stop: () => figures.stop() });
  parts.add('judgement', { start: () => judgement.start(), stop: () => judgement.stop() });
  if (shadow) parts.add('shadow', { stop: () => shadow.close() });
  if (feed) parts.add('mesos-feed', { start: () => feed.start(), stop: () => feed.stop() });
  if (maintenance) parts.add('mesos-maintenance', maintenance);
  if (deactivation) parts.add('mesos-deactivation', { stop: (deadline) => deactivation.stop(deadline) });
  parts.add('cluster-reporter', reporter);
  parts.add('drift', {
    start: () => drift.start(Math.min(pollIntervalMs, MAX_DRIFT_INTERVAL_MS)),
    stop: () => drift.stop(),
  });
  parts.add('departed-hosts', new Ticker(clock, DEPARTED_INTERVAL_MS, [{ tick: () => void forgetter.round() }]));
  const hubTick = { tick: () => hub.tick() };
  const ticking = [hubTick, judgement, shadow, alerts, blackHole, reaper, deactivation];
  parts.add(
    'ticker',
    new Ticker(
      clock,
      TICK_MS,
      ticking.filter((part) => part !== undefined),
    ),
  );
  for (const { name, port } of riemannPorts) parts.add(name, port);
  let address: { readonly host: string; readonly port: number } | undefined;
  parts.add('http', {
    async start() {
      const { host, port } = service;
      address = await http.listen(host, port).catch((error: unknown) => {
        throw listenError(error, { host, port, hostSetting: 'service-host', portSetting: 'service-port' });
      });
    },
    stop: ({ leftMs }) => http.close(leftMs()),
  });

  return {
    async start() {
      for (const warning of settings.warnings) log.warn({ warning }, 'warning of the settings');
      await parts.start();
      return address;
    },
    stop: (withinMs) => parts.stop(withinMs),
    judgement,
    reloadRules(reason) {
      rules.reload(reason);
      shadow?.reload();
    },
  };
}

function secondsOf(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms) / 1000;
}
