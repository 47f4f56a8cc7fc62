/** The events that a master makes of the Mesos cluster, with the services and hosts of the original. Pure. */
import { type Event, MAX_ATTRIBUTE_BYTES, TEST_PREFIX } from '../../../shared/event.ts';
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import { cutToBytes, cutToLength, escapeControls } from '../../../shared/text.ts';
import type { ClusterFramework, ClusterTask } from '../cluster/index.ts';

/** What the events of one moment have in common. */
export interface EventContext {
  /** The host in `mesos-master-url`; also of what has no valid host of its own. */
  readonly host: HostName;
  /** Unix seconds. */
  readonly nowS: number;
  /** How long figures of a poll hold, seconds: the original's 300, longer where polls are rare. */
  readonly ttlS: number;
}

export const LEADER_TTL_S = 60;
/** More figures than a master with some hundred frameworks has. */
export const MAX_KEYS = 8_192;
export const MAX_FRAMEWORKS = 1_000;
/** Of a framework's name, characters. */
const MAX_NAME = 200;

export function leaderEvent({ host, nowS }: EventContext, leads: boolean): Event {
  return { host, service: 'mesos/leader', state: 'ok', metric: leads ? 1 : 0, time: nowS, ttl: LEADER_TTL_S };
}

/**
 * Each figure of the Mesos master. What would read as the test of a host is left out: an agent that is asked in the
 * place of a master has keys below `slave/`.
 */
export function metricEvents(context: EventContext, metrics: Readonly<Record<string, number>>): Event[] {
  const keys = Object.keys(metrics).filter((key) => !`mesos/${key}`.startsWith(TEST_PREFIX));
  // Those of single frameworks are the ones that there may be without end.
  if (keys.length > MAX_KEYS) keys.sort((a, b) => Number(isOfFramework(a)) - Number(isOfFramework(b)));
  return keys.slice(0, MAX_KEYS).flatMap((key) => figureEvent(context, escapeControls(key), metrics[key]));
}

/** mem, cpu and disk of each framework; of those with one name on one host together. */
export function frameworkEvents(context: EventContext, frameworks: Iterable<ClusterFramework>): Event[] {
  const sums = new Map<string, { host: HostName; name: string; mem: number; cpu: number; disk: number }>();
  for (const { id, name, hostname, mem, cpus, disk } of frameworks) {
    const host = parseHostName(hostname) ?? context.host;
    const shown = cutToLength(name || id, MAX_NAME, escapeControls);
    const key = `${host} ${shown}`;
    const sum = sums.get(key) ?? { host, name: shown, mem: 0, cpu: 0, disk: 0 };
    if (!sums.has(key) && sums.size >= MAX_FRAMEWORKS) continue;
    // The original publishes a thousandth of Mesos' megabytes.
    sums.set(key, { ...sum, mem: sum.mem + mem / 1000, cpu: sum.cpu + cpus, disk: sum.disk + disk });
  }
  return [...sums.values()].flatMap(({ host, name, ...resources }) =>
    Object.entries(resources).flatMap(([resource, amount]) =>
      figureEvent({ ...context, host }, `frameworks/${name}/${resource}`, amount),
    ),
  );
}

/** A task that changed, with its state, on its host. */
export function taskEvent(context: EventContext, task: ClusterTask): Event {
  const { id, name, frameworkName, state, timeS, reason, message } = task;
  const attributes = Object.entries({ task: id, name, framework: frameworkName, reason, since: timeS }).flatMap(
    ([key, value]) =>
      value === undefined ? [] : [[key, cutToBytes(escapeControls(String(value)), MAX_ATTRIBUTE_BYTES)] as const],
  );
  return {
    host: task.host ?? context.host,
    service: 'mesos/tasks',
    state,
    metric: 1,
    // Not the time of the change: otherwise the index would drop the later report of two tasks of one host.
    time: context.nowS,
    ttl: context.ttlS,
    ...(message ? { description: message } : {}),
    attributes: Object.fromEntries(attributes),
  };
}

/** Whether something became of a task, rather than that it is seen for the first time. */
export function hasChanged(task: ClusterTask, before: ClusterTask | undefined, listeningSinceS: number): boolean {
  if (before) return before.state !== task.state;
  return (task.timeS ?? task.startedS ?? listeningSinceS) >= listeningSinceS;
}

/**
 * The whitelist's own figures: `num-hosts-up` and the like. They have no state, as in the original.
 * @param host the machine of this master
 */
export function hostEvents(context: EventContext, host: HostName, figures: Readonly<Record<string, number>>): Event[] {
  const events = Object.entries(figures).flatMap(([name, figure]) => figureEvent({ ...context, host }, name, figure));
  return events.map(({ state: _, ...event }) => event);
}

function figureEvent({ host, nowS, ttlS }: EventContext, name: string, metric: number | undefined): Event[] {
  if (metric === undefined || !Number.isFinite(metric)) return [];
  const service = cutToLength(`mesos/${name}`, 1024);
  return [{ host, service, state: 'ok', metric, time: nowS, ttl: ttlS }];
}

function isOfFramework(key: string): boolean {
  return key.startsWith('master/frameworks/');
}
