/** The memory of one slave with the original's shipped settings, which has run as long as everything else here. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MasterProcess, type Settings, SlaveProcess, startMaster } from '../test/support/satellite.ts';
import { memoryMb } from './processes.ts';
import { type Figure, tenths, under } from './table.ts';

const ORIGINAL = fileURLToPath(new URL('../test/fixtures/original-settings/', import.meta.url));
const GOAL_MB = 60;

export interface MeasuredSlave {
  /** Ends it. */
  figure(): Promise<Figure>;
}

/** Two masters as in the settings, and an agent that gives the figures of a real one. */
export async function startSlave(folder: string): Promise<MeasuredSlave> {
  const startMs = performance.now();
  const agent = await startAgent();
  const masters: MasterProcess[] = [];
  for (const name of ['m1', 'm2']) masters.push(await startMaster(join(folder, name)));
  const original = JSON.parse(readFileSync(join(ORIGINAL, 'slave.json'), 'utf8')) as Settings;
  const slave = new SlaveProcess(join(folder, 'slave'), 'slave.bench.example', masters, {
    settings: {
      ...original,
      satellites: masters.map(({ url }) => ({ url })),
      'mesos-agent-url': `http://127.0.0.1:${(agent.address() as AddressInfo).port}`,
    },
  });
  slave.launch();
  return {
    async figure() {
      if (!slave.running) throw new Error(`the slave ended: ${slave.log.join('\n')}`);
      const { now, most } = memoryMb(slave.pid);
      const seconds = Math.round((performance.now() - startMs) / 1000);
      await Promise.all([slave, ...masters].map((program) => program.stop()));
      agent.close();
      return {
        name: "memory of a slave with the original's settings",
        value: `${tenths(now)} MB`,
        goal: under(now, GOAL_MB, 'MB'),
        note: `resident, after ${seconds} s; ${tenths(most)} at most`,
      };
    },
  };
}

async function startAgent(): Promise<Server> {
  const snapshot = readFileSync(join(ORIGINAL, 'agent-metrics-snapshot.json'));
  const agent = createServer((request, response) => {
    if (request.url?.startsWith('/metrics/snapshot')) response.end(snapshot);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
  return agent;
}
