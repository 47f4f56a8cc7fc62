/** Which hosts Mesos knows, as far as its answers can be believed (judgement.md 11): a shorter answer takes nobody away at once. */
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { HostName } from '../../shared/host-name.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import type { MesosWord } from '../whitelist/inventory.ts';
import type { MesosClient } from './client.ts';

/** An agent may stay away so long and register again; after it, one that is in no answer counts as unregistered. */
const REREGISTER_MS = 600_000;

export class MesosAgents {
  readonly #client: MesosClient;
  readonly #clock: Clock;
  readonly #once: OnceLog;
  readonly #seen = new Map<HostName, number>();
  #answeredMs: number | undefined;
  #firstAnswerMs: number | undefined;
  #timer: Timer | undefined;
  #asking = false;

  constructor(client: MesosClient, clock: Clock, log: Log) {
    this.#client = client;
    this.#clock = clock;
    this.#once = new OnceLog(log);
  }

  start(pollIntervalMs: number): void {
    void this.#ask();
    this.#timer = this.#clock.every(pollIntervalMs, () => void this.#ask());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  wordOf(host: HostName): MesosWord {
    const nowMs = this.#clock.monoMs();
    const seenMs = this.#seen.get(host);
    if (seenMs !== undefined && nowMs - seenMs < REREGISTER_MS) return 'registered';
    const fresh = this.#answeredMs !== undefined && nowMs - this.#answeredMs < REREGISTER_MS;
    const longEnough = this.#firstAnswerMs !== undefined && nowMs - this.#firstAnswerMs >= REREGISTER_MS;
    return fresh && longEnough ? 'unregistered' : 'unsure';
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const hosts = await this.#client.registeredHosts();
      const nowMs = this.#clock.monoMs();
      for (const host of hosts) this.#seen.set(host, nowMs);
      for (const [host, seenMs] of this.#seen) if (nowMs - seenMs > REREGISTER_MS) this.#seen.delete(host);
      this.#firstAnswerMs ??= nowMs;
      this.#answeredMs = nowMs;
      this.#once.recovered('agents', `Mesos tells its agents again: ${hosts.length}`);
    } catch (error) {
      this.#once.warn('agents', `Mesos did not tell its agents: ${messageOf(error)}`);
    } finally {
      this.#asking = false;
    }
  }
}
