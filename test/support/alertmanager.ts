/** Debian's Alertmanager on a free port of loopback, alone, with all its data in a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';
import { until } from './until.ts';

/** As `GET /api/v2/alerts` tells it. */
export interface KnownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly status: { readonly state: string };
}

export class AlertmanagerServer {
  readonly url: string;
  readonly #process: ServerProcess;
  readonly #folder: string;

  constructor(port: number, server: ServerProcess, folder: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#process = server;
    this.#folder = folder;
  }

  /** What burns now. */
  async alerts(): Promise<readonly KnownAlert[]> {
    const answer = await fetch(`${this.url}/api/v2/alerts`);
    return (await answer.json()) as KnownAlert[];
  }

  async dispose(): Promise<void> {
    await this.#process.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** @param receiver where it sends what it was told, as a webhook */
export async function startAlertmanager(receiver: string): Promise<AlertmanagerServer> {
  const folder = mkdtempSync(join(tmpdir(), 'satellite-alertmanager-'));
  const config = join(folder, 'alertmanager.yml');
  const route = 'route:\n  receiver: test\n  group_by: [alertname]\n  group_wait: 0s\n  group_interval: 1s\n';
  writeFileSync(config, `${route}receivers:\n  - name: test\n    webhook_configs:\n      - url: ${receiver}\n`);
  const port = await freePort();
  const server = new ServerProcess([
    'prometheus-alertmanager',
    `--config.file=${config}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]);
  const alertmanager = new AlertmanagerServer(port, server, folder);
  await until(
    async () => {
      if (server.running) return (await fetch(`${alertmanager.url}/-/ready`)).ok;
      throw new Error(server.output);
    },
    { timeoutMs: 20_000, everyMs: 50, what: `Alertmanager at ${alertmanager.url}` },
  );
  return alertmanager;
}
