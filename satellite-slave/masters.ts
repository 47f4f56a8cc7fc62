/** The masters that the slave reports to: those that stay when the settings are reloaded keep what waits for them. */
import type { Clock } from '../shared/clock.ts';
import type { HostName } from '../shared/host-name.ts';
import { HttpClient } from '../shared/http-client.ts';
import type { Log } from '../shared/log.ts';
import { RiemannClient } from '../shared/riemann/index.ts';
import { RetryGroup } from '../shared/sending/index.ts';
import type { HttpSatellite, SatelliteSettings } from './settings/index.ts';
import { type HttpMaster, reportsTo, riemannAt, TaskUplink, Token, Uplink } from './uplink/index.ts';

interface MastersOptions {
  readonly hostName: () => HostName | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

interface Master {
  readonly reports: Uplink;
  /** What task metadata needs; undefined for a Riemann. */
  readonly http: HttpMaster | undefined;
  tasks?: TaskUplink;
}

export class Masters {
  readonly #options: MastersOptions;
  readonly #group: RetryGroup;
  #masters = new Map<string, Master>();

  constructor(options: MastersOptions) {
    this.#options = options;
    this.#group = new RetryGroup(options.clock);
  }

  get reports(): readonly Uplink[] {
    return [...this.#masters.values()].map(({ reports }) => reports);
  }

  get tasks(): readonly TaskUplink[] {
    return [...this.#masters.values()].flatMap(({ tasks }) => tasks ?? []);
  }

  /** @returns how many were added and removed */
  apply(satellites: readonly SatelliteSettings[], storesTasks: boolean): { added: number; removed: number } {
    const before = this.#masters;
    this.#masters = new Map();
    let added = 0;
    for (const [at, satellite] of satellites.entries()) {
      // One that is listed twice is reported to twice.
      const twin = satellites
        .slice(0, at)
        .filter((other) => JSON.stringify(other) === JSON.stringify(satellite)).length;
      const key = `${JSON.stringify(satellite)} ${twin}`;
      const known = before.get(key);
      if (!known) added++;
      const master = known ?? this.#open(satellite);
      before.delete(key);
      this.#setTasks(master, storesTasks);
      this.#masters.set(key, master);
    }
    for (const master of before.values()) void close(master);
    return { added, removed: before.size };
  }

  /** @returns whether nothing is left when `withinMs` are over */
  async flush(withinMs: number): Promise<boolean> {
    const delivered = await Promise.all([...this.reports, ...this.tasks].map((uplink) => uplink.flush(withinMs)));
    return delivered.every((isDelivered) => isDelivered);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#masters.values()].map(close));
  }

  #open(satellite: SatelliteSettings): Master {
    const { hostName, clock } = this.#options;
    const options = { ...this.#options, group: this.#group };
    if (satellite.protocol === 'http') {
      const http = this.#httpMaster(satellite);
      return { http, reports: new Uplink(reportsTo(http), options) };
    }
    const client = new RiemannClient({ ...satellite, clock });
    return { http: undefined, reports: new Uplink(riemannAt(client, hostName), options) };
  }

  #httpMaster({ origin, tls, tokenFile }: HttpSatellite): HttpMaster {
    const { hostName, clock } = this.#options;
    return { client: new HttpClient(origin, tls), token: new Token(tokenFile), clock, hostName };
  }

  #setTasks(master: Master, storesTasks: boolean): void {
    if (storesTasks && master.http)
      master.tasks ??= new TaskUplink(master.http, { ...this.#options, group: this.#group });
    else if (master.tasks) {
      void master.tasks.close();
      delete master.tasks;
    }
  }
}

async function close({ reports, tasks }: Master): Promise<void> {
  await Promise.all([reports.close(), tasks?.close()]);
}
