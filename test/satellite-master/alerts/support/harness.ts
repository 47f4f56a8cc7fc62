/** createAlerts as master.ts has it, on a clock that tests turn, with what it logs, counts and says of itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Alerts, createAlerts, type ModuleChannels } from '../../../../satellite-master/alerts/index.ts';
import { Metrics } from '../../../../satellite-master/stats/metrics.ts';
import type { Event } from '../../../../shared/event.ts';
import { ManualClock } from '../../../../shared/manual-clock.ts';
import { until } from '../../../support/until.ts';
import { logLines } from '../../mesos/support/log-lines.ts';

/** 2026-09-21T13:06:40Z */
export const START_S = 1_790_000_000;

export class AlertsHarness {
  leads = true;
  readonly clock = new ManualClock(START_S * 1000);
  readonly metrics = new Metrics({ ofProcess: false });
  readonly own: Event[] = [];
  readonly alerts: Alerts;
  readonly rules: ModuleChannels;
  readonly #log = logLines();
  readonly #folder = mkdtempSync(join(tmpdir(), 'satellite-alerts-'));

  constructor() {
    this.alerts = createAlerts({
      clock: this.clock,
      log: this.#log.log,
      metrics: this.metrics,
      leads: () => this.leads,
      emit: (events) => this.own.push(...events),
      self: 'this-master',
    });
    this.rules = this.alerts.openModule();
  }

  /** A file that holds `text`. */
  file(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Everything that anybody may read: the log, what it says of itself, the metrics. */
  async readable(): Promise<string> {
    return JSON.stringify(this.#log.lines()) + JSON.stringify(this.own) + (await this.metrics.text());
  }

  /** @returns the newest word on a service of its own */
  said(service: string): Event | undefined {
    return this.own.filter((event) => event.service === service).at(-1);
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    this.alerts.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** A sample of the metrics, e.g. `satellite_alerts_sent_total{channel="email",outcome="sent"}`. */
  async count(series: string): Promise<number> {
    const line = (await this.metrics.text()).split('\n').find((one) => one.startsWith(`${series} `));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  /** Waits until so many alerts of a channel had that outcome. */
  async tried(channel: string, outcome: string, alerts: number): Promise<void> {
    const series = `satellite_alerts_sent_total{channel="${channel}",outcome="${outcome}"}`;
    await until(async () => (await this.count(series)) >= alerts, { what: `${series} ${alerts}` });
  }

  async dispose(): Promise<void> {
    const closed = this.alerts.close(0);
    this.clock.advance(1);
    await closed;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
