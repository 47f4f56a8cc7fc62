/** What this master counts, for Prometheus. Counters are raised where things happen; gauges are filled when somebody asks. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { ClusterMetrics } from './cluster-metrics.ts';

export interface MetricsOptions {
  /** Node's own figures (event loop delay, memory, garbage collection) beside ours; default true. */
  readonly ofProcess?: boolean;
}

/** Label values are from small fixed sets only: a series for each host or id would never end. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #collectors: (() => void)[] = [];

  // Intake
  readonly reports = this.#counter('reports_total', 'Reports of slaves that were taken');
  readonly eventsAccepted = this.#counter('events_accepted_total', 'Events accepted by the intake');
  readonly eventsRejected = this.#counter('events_rejected_total', 'Events rejected by the intake as not valid');
  readonly eventsClamped = this.#counter(
    'events_clamped_total',
    'Events whose time was more than 5 s ahead and was replaced by their arrival',
  );
  readonly eventsCut = this.#counter(
    'events_cut_total',
    'Events of which a part was cut, replaced by its default or left out to fit',
    ['part'],
  );
  readonly eventsDropped = this.#counter('events_dropped_total', 'Valid events that were not indexed', ['reason']);
  readonly eventsExpired = this.#counter('events_expired_total', 'Events that ran past their ttl');
  readonly indexedEvents = this.#gauge('indexed_events', 'Live events in the index');
  readonly stalls = this.#counter('stalls_total', 'Stalls of the own event loop after which expiries were put off');

  // Riemann's protocol
  readonly riemannMessages = this.#counter('riemann_messages_total', "Messages in Riemann's protocol", ['transport']);
  readonly riemannUnfit = this.#counter('riemann_unfit_events_total', 'Events not taken, by what is not fit', ['part']);
  readonly riemannConnections = this.#gauge('riemann_connections', "Clients connected over Riemann's protocol");
  readonly riemannCut = this.#counter('riemann_cut_total', 'Riemann clients that were cut off', ['reason']);
  readonly riemannDatagramsDropped = this.#counter(
    'riemann_datagrams_dropped_total',
    'Datagrams of which nothing was taken',
    ['reason'],
  );

  // HTTP
  readonly httpRequests = this.#counter('http_requests_total', 'Answered requests', ['method', 'status']);
  readonly httpCut = this.#counter('http_cut_total', 'Connections that were cut off', ['reason']);
  readonly httpIgnoredParameters = this.#counter(
    'http_ignored_parameters_total',
    'Requests with unknown query parameters that were passed over',
  );
  readonly eventStreams = this.#gauge('event_streams', 'Open streams of server-sent events');
  readonly httpInFlight = this.#gauge('http_requests_in_flight', 'Requests that wait for their answer');
  readonly faults = this.#counter('faults_total', 'Faults inside Satellite that were logged', ['part']);

  // Task metadata
  readonly tasksStored = this.#counter('tasks_stored_total', 'Tasks whose metadata was taken and kept');
  readonly tasksRejected = this.#counter('tasks_rejected_total', 'Tasks whose metadata was not valid');
  readonly taskLookups = this.#counter('tasks_lookups_total', 'Questions for the metadata of a task', ['outcome']);
  readonly taskStoreBytes = this.#gauge('task_store_bytes', 'Size of the task metadata that the embedded store holds');

  // Whitelist
  readonly whitelistChanges = this.#counter('whitelist_changes_total', 'Changes of the merged list', ['cause']);
  readonly hosts = this.#gauge('hosts', 'Hosts on a list', ['list']);
  readonly storeState = this.#gauge('store_state', '1 for the state in which the store is', ['state']);
  readonly brokenRecords = this.#unknownGauge('broken_records', 'Records in the store that can not be read');
  readonly foreignWrites = this.#counter('foreign_writes_total', 'Managed flags changed by another program');
  readonly reaped = this.#counter('reaped_total', 'Expired manual events removed');
  readonly historyFailures = this.#counter('history_failures_total', 'History entries that could not be kept');

  // Guard
  readonly clockOffset = this.#unknownGauge(
    'clock_offset_seconds',
    'By how much the clock of this machine is behind that of the store; negative: ahead',
  );
  readonly guardLimit = this.#unknownGauge('guard_limit', 'Hosts that automation may hold off at most');
  readonly guardOff = this.#unknownGauge('guard_off', 'Hosts that automation holds off');
  readonly guardHeld = this.#unknownGauge('guard_held', 'Hosts that automation would take off and may not');
  readonly massSilence = this.#gauge('mass_silence', '1 while a wave of silence is not believed');

  /** Each is bounded; one that stays above 0 is not kept up with. */
  readonly waiting = this.#gauge('waiting', 'What waits to be written', ['queue']);

  readonly recordDropped = this.#counter('record_dropped_total', 'Events that are missing in the recording');

  // Rules
  readonly ruleFaults = this.#counter('rule_faults_total', 'Children of streams that failed', ['stream']);
  readonly noJudgement = this.#gauge('no_judgement', '1 while no rule judges hosts, though that is not intended');
  readonly rulesStale = this.#gauge('rules_stale', '1 while the newest version of the rules module is broken');

  readonly shadowDifferences = this.#gauge(
    'shadow_differences',
    'Hosts that would be on or off otherwise by the rules in the shadow',
  );

  // Black holes
  readonly blackHoleHosts = this.#gauge('black_hole_hosts', 'Hosts on which tasks fail that work elsewhere');
  readonly failingApplications = this.#gauge('failing_applications', 'Applications that fail wherever they run');

  // Alerts
  readonly alertsSent = this.#counter('alerts_sent_total', 'Alerts in each try to send', ['channel', 'outcome']);
  readonly alertsDropped = this.#counter('alerts_dropped_total', 'Alerts that were not sent', ['channel', 'reason']);
  readonly alertsOpen = this.#gauge('alerts_open', 'Troubles that were triggered and not resolved', ['channel']);
  readonly alertsWaiting = this.#gauge('alerts_waiting', 'Alerts that wait to be sent', ['channel']);

  // Events that rules send on
  readonly forwarded = this.#counter('forwarded_total', 'Events in each try to send them on', ['outcome']);
  readonly forwardDropped = this.#counter('forward_dropped_total', 'Events that were not sent on', ['reason']);

  // AgentDeactivation to Mesos
  readonly bridgeCalls = this.#counter(
    'bridge_calls_total',
    'Calls to Mesos for agents of hosts that are off or back',
    ['call', 'outcome'],
  );
  readonly bridgeRefused = this.#gauge('bridge_refused', 'Hosts for which Mesos refused what off-action wants');
  readonly plannedHosts = this.#gauge('planned_hosts', 'Hosts in a maintenance window of Mesos');

  // File and leadership
  readonly publishes = this.#counter('publish_total', 'Writes of the whitelist file', ['outcome']);
  readonly fileAge = this.#gauge('file_age_seconds', 'Since the whitelist file was last known to be right');
  readonly fileKeeper = this.#gauge(
    'file_keeper',
    '1 for the state: whether a satellite-master keeps the whitelist file of the leading mesos-master',
    ['state'],
  );
  readonly mesosState = this.#gauge('mesos_state', '1 for the state in which the model of the Mesos cluster is', [
    'state',
  ]);
  readonly fileHeld = this.#gauge('file_held', '1 while the file is held rather than emptied');
  readonly leader = this.#gauge('leader', '1 while this master leads');

  /** Figures of Mesos, and drift. */
  readonly cluster = new ClusterMetrics(this.#registry);

  constructor({ ofProcess = true }: MetricsOptions = {}) {
    if (ofProcess) collectDefaultMetrics({ register: this.#registry });
  }

  /** `fill` sets gauges just before they are shown. */
  onCollect(fill: () => void): void {
    this.#collectors.push(fill);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Prometheus text format. */
  text(): Promise<string> {
    for (const fill of this.#collectors) fill();
    return this.#registry.metrics();
  }

  #counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name: `satellite_${name}`, help, labelNames, registers: [this.#registry] });
  }

  /** NaN until it is set: unknown, and not nothing. */
  #unknownGauge(name: string, help: string): Gauge {
    const gauge = this.#gauge(name, help);
    gauge.set(Number.NaN);
    return gauge;
  }

  #gauge<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ name: `satellite_${name}`, help, labelNames, registers: [this.#registry] });
  }
}

/** Sets 1 for the state that holds and 0 for the others, so that a series is there for each. */
export function setState<L extends string>(gauge: Gauge<L>, label: L, states: readonly string[], now: string): void {
  for (const state of states) gauge.set({ [label]: state } as Record<L, string>, state === now ? 1 : 0);
}
