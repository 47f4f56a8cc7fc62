/** Debian's Prometheus on a free port, scraping what a test names, with all its data in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';
import { until } from './until.ts';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class PrometheusServer {
  readonly url: string;
  readonly #process: ServerProcess;
  readonly #folder: string;

  constructor(port: number, server: ServerProcess, folder: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#process = server;
    this.#folder = folder;
  }

  /** What an expression gives now. */
  async query(expression: string): Promise<readonly Sample[]> {
    const answer = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data } = (await answer.json()) as {
      readonly data: {
        readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
      };
    };
    return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
  }

  /** Waits until an expression gives one sample of that value. */
  untilIs(expression: string, value: number): Promise<unknown> {
    return until(async () => (await this.query(expression)).map((sample) => sample.value).join() === String(value), {
      timeoutMs: 15_000,
      everyMs: 100,
      what: `Prometheus to find ${expression} = ${value}`,
    });
  }

  async dispose(): Promise<void> {
    await this.#process.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** @param targets as in `127.0.0.1:5001`, each scraped once a second at `/metrics` */
export function startPrometheus(targets: readonly string[]): Promise<PrometheusServer> {
  return startPrometheusOf({ satellite: targets });
}

/** @param jobs the targets of each. @param rules the text of a file with alerts, looked at once a second */
export async function startPrometheusOf(
  jobs: Readonly<Record<string, readonly string[]>>,
  rules?: string,
): Promise<PrometheusServer> {
  const folder = mkdtempSync(join(tmpdir(), 'satellite-prometheus-'));
  const config = join(folder, 'prometheus.yml');
  const scraped = Object.entries(jobs).map(
    ([name, targets]) => `  - job_name: ${name}\n    static_configs:\n      - targets: ${JSON.stringify(targets)}\n`,
  );
  if (rules !== undefined) writeFileSync(join(folder, 'rules.yml'), rules);
  const ruleFiles = rules === undefined ? '' : 'rule_files: [rules.yml]\n';
  const intervals = 'global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n';
  writeFileSync(config, `${intervals}${ruleFiles}scrape_configs:\n${scraped.join('')}`);
  const port = await freePort();
  const server = new ServerProcess([
    'prometheus',
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const prometheus = new PrometheusServer(port, server, folder);
  await until(
    async () => {
      if (server.running) return (await fetch(`${prometheus.url}/-/ready`)).ok;
      throw new Error(server.output);
    },
    { timeoutMs: 20_000, everyMs: 50, what: `Prometheus at ${prometheus.url}` },
  );
  return prometheus;
}

/** What `promtool check metrics` says of a text: nothing where it is well. */
export function checkMetrics(text: string): Promise<string> {
  return new Promise((resolve) => {
    const tool = execFile('promtool', ['check', 'metrics'], (error, out, said) => resolve(error ? out + said : ''));
    tool.stdin?.end(text);
  });
}

/** What promtool says of files, and whether it is content. */
export function promtool(
  words: readonly string[],
  folder: string,
): Promise<{ readonly ok: boolean; readonly said: string }> {
  return new Promise((resolve) => {
    execFile('promtool', words, { cwd: folder }, (error, out, said) =>
      resolve({ ok: error === null, said: out + said }),
    );
  });
}
