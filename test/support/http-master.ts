/** For tests: the HTTP service on a free port, with a real embedded store, index and history behind it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventIndex } from '../../satellite-master/events/event-index.ts';
import { createHttpServer, HTTP_LIMITS, type HttpLimits, type HttpServer } from '../../satellite-master/http/server.ts';
import type { HttpSettings, Services } from '../../satellite-master/http/services.ts';
import { FigureHistory } from '../../satellite-master/stats/figure-history.ts';
import { Metrics } from '../../satellite-master/stats/metrics.ts';
import { EmbeddedTaskStore } from '../../satellite-master/tasks/embedded.ts';
import { History } from '../../satellite-master/whitelist/history/history.ts';
import { createHostCheck, type HostCheck } from '../../satellite-master/whitelist/operators/host-check.ts';
import { isOn, mergedVerdict } from '../../satellite-master/whitelist/record/record.ts';
import { RecordEditor } from '../../satellite-master/whitelist/record-editor.ts';
import { Replica } from '../../satellite-master/whitelist/replica.ts';
import { EmbeddedStore } from '../../satellite-master/whitelist/store/embedded-store.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import { parseHostName } from '../../shared/host-name.ts';
import { type Log, silentLog } from '../../shared/log.ts';
import { until } from './until.ts';

export interface HttpMasterOptions {
  readonly settings?: Partial<HttpSettings>;
  readonly limits?: Partial<HttpLimits>;
  readonly hostCheck?: HostCheck;
  readonly services?: Partial<Services>;
  readonly clock?: Clock;
  readonly log?: Log;
  /** false: the store is not read yet. */
  readonly read?: boolean;
}

export interface HttpMaster {
  readonly url: string;
  readonly port: number;
  readonly server: HttpServer;
  readonly services: Services;
  readonly store: EmbeddedStore;
  readonly taken: Event[];
  close(): Promise<void>;
}

/** Also the name of a host in the tests' own words. @throws when it is none */
export function hostName(text: string): HostName {
  const host = parseHostName(text);
  if (!host) throw new Error(`${text} is no host name`);
  return host;
}

export async function startHttpMaster(options: HttpMasterOptions = {}): Promise<HttpMaster> {
  const { clock = systemClock, log = silentLog, read = true } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'satellite-http-'));
  const store = new EmbeddedStore({ dataDir, clock, log });
  const replica = new Replica({ clock, log, foreignHoldMs: 60_000 });
  const history = new History({ dataDir, clock, log });
  await history.open();
  replica.onChange(({ host, before, after, kind, initial }) => {
    const changed = after?.record?.changed;
    if (!changed || kind === 'expiry' || initial) return;
    const { time, by, as, cause, reason } = changed;
    const from = before ? (before.on ? 'on' : 'off') : null;
    history.append(host, { time, from, to: after.on ? 'on' : 'off', cause, by, as, reason }, after.order);
  });
  if (read) {
    store.start(replica);
    await until(() => replica.complete, { what: 'the store to be read' });
  }
  const tasks = new EmbeddedTaskStore({ dataDir, keepMs: 3_600_000, maxBytes: 10_000_000, clock, log });
  tasks.start();
  await until(() => tasks.fault === undefined, { what: 'the task store to be open' });
  const taken: Event[] = [];
  const index = new EventIndex(clock);
  const listeners = new Set<(event: Event, before?: Event) => void>();
  const services: Services = {
    settings: {
      serviceHost: '127.0.0.1',
      allowedHosts: [],
      tokens: [],
      requireReason: false,
      ...options.settings,
    },
    whitelist: new RecordEditor({ store, replica, clock }),
    replica,
    history,
    why(host) {
      const record = replica.get(host)?.record;
      if (!record) return undefined;
      const { rule, ...verdict } = mergedVerdict(record, clock.wallMs() / 1000);
      const ruleId = String(rule);
      return {
        host,
        ...verdict,
        rule: Number.parseInt(ruleId, 10),
        ruleId,
        events: [],
        file: null,
        guard: null,
        next: { at: null, change: null },
      };
    },
    index,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    publishEvents(events) {
      for (const event of events) {
        index.apply(event);
        taken.push(event);
        for (const tell of listeners) tell(event);
      }
      return [];
    },
    tasks,
    metrics: new Metrics({ ofProcess: false }),
    readiness: () => ({ store: replica.state.kind }),
    isReady: () => replica.state.kind === 'whole',
    masters: () => [],
    warnings: () => [],
    snapshot: () => {
      const records = Array.from(replica.entries(), ({ record }) => record);
      const up = records.filter((record) => record && isOn(record, clock.wallMs() / 1000)).length;
      const share = records.length === 0 ? 0 : up / records.length;
      return { 'num-hosts-up': up, 'num-available-hosts': records.length, 'prop-available-hosts': share };
    },
    figureHistory: new FigureHistory(),
    drift: async () => ({
      time: clock.wallMs() / 1000,
      checkedAt: null,
      fresh: false,
      reason: 'no Mesos is configured',
      withoutMesos: true,
      findings: [],
      counts: { 'no-such-agent': 0, 'no-slave': 0, 'tasks-while-off': 0, 'out-in-mesos': 0, 'unknown-name': 0 },
    }),
    hostCheck:
      options.hostCheck ?? createHostCheck({ dns: true, reachable: false, port: 5051, pattern: null }, systemClock),
    clock,
    log,
    ...options.services,
  };
  const server = createHttpServer(services, { ...HTTP_LIMITS, ...options.limits });
  const { port } = await server.listen('127.0.0.1', 0);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    services,
    store,
    taken,
    async close() {
      await server.close(2_000);
      await history.close();
      await store.close(2_000);
      await tasks.close(2_000);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
