/** What the slaves of the simulated agents would send: a light sender in this process, to every master on its own. */
import type { Clock, Timer } from '../shared/clock.ts';
import { HttpClient } from '../shared/http-client.ts';

/** How a host is. */
interface Health {
  /** Percent of its disk. */
  disk: number;
  silent: boolean;
}

export interface ReportsOptions {
  readonly hosts: readonly string[];
  readonly masters: readonly string[];
  readonly clock: Clock;
  readonly periodMs: number;
  readonly ttlS: number;
}

const DISK_FULL = 90;
/** Hosts are spread over the period, so many times a second. */
const TURNS_A_SECOND = 10;

export class Reports {
  readonly #options: ReportsOptions;
  readonly #health = new Map<string, Health>();
  readonly #clients: readonly HttpClient[];
  readonly #hosts: readonly string[];
  #timer: Timer | undefined;
  #next = 0;
  /** Answers 202 so far. */
  accepted = 0;

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#hosts = options.hosts;
    this.#clients = options.masters.map((url) => new HttpClient(url));
    for (const [index, host] of options.hosts.entries())
      this.#health.set(host, { disk: 30 + (index % 40), silent: false });
  }

  start(): void {
    const { clock, periodMs } = this.#options;
    for (const host of this.#hosts) this.#report(host);
    const turns = Math.max(1, (periodMs / 1000) * TURNS_A_SECOND);
    this.#timer = clock.every(1000 / TURNS_A_SECOND, () => {
      const count = Math.ceil(this.#hosts.length / turns);
      for (let sent = 0; sent < count; sent++) {
        const host = this.#hosts[this.#next++ % this.#hosts.length];
        if (host !== undefined) this.#report(host);
      }
    });
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  /** Told at once, as a slave's next check would. */
  setDisk(host: string, percent: number): void {
    this.#of(host).disk = percent;
    this.#report(host);
  }

  setSilent(host: string, silent: boolean): void {
    this.#of(host).silent = silent;
    this.#report(host);
  }

  #of(host: string): Health {
    const health = this.#health.get(host);
    if (!health) throw new Error(`nobody reports for ${host}`);
    return health;
  }

  #report(host: string): void {
    const { disk, silent } = this.#of(host);
    if (silent) return;
    const { clock, ttlS } = this.#options;
    const common = { ttl: ttlS, time: clock.wallMs() / 1000 };
    const full = disk >= DISK_FULL;
    const events = [
      {
        ...common,
        service: 'mesos/slave/disk',
        metric: disk,
        state: full ? 'critical' : 'ok',
        description: full ? `${disk} % of / used` : '',
      },
      { ...common, service: 'mesos/slave/load-average', metric: 0.4, state: 'ok' },
    ];
    const body = JSON.stringify({ host, events });
    for (const client of this.#clients) void this.#send(client, body);
  }

  /** A master that is away misses it; the next report comes in some seconds. */
  async #send(client: HttpClient, body: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const answer = await client
      .send({ method: 'POST', path: '/reports', headers, body, timeoutMs: 3_000, maxBytes: 100_000 })
      .catch(() => undefined);
    if (answer?.status === 202) this.accepted++;
  }
}
