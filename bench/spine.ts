/**
 * The spine in figures: real processes of the built code over real sockets and files, all on this machine.
 * `npm run bench`, or with the parts that are wanted behind it: `npm run bench -- intake riemann latency inventory slave`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startZooKeeperEnsemble } from '../test/support/zookeeper.ts';
import { intakeFigures } from './intake.ts';
import { inventoryFigures } from './inventory.ts';
import { latencyFigures } from './latency.ts';
import { riemannFigures } from './riemann.ts';
import { startSlave } from './slave.ts';
import { printFigures, tenths, whole } from './table.ts';

const PARTS = ['slave', 'intake', 'riemann', 'latency', 'inventory'] as const;
const words = process.argv.slice(2);
const unknown = words.filter((word) => !PARTS.some((part) => part === word));
if (unknown.length > 0) {
  process.stderr.write(`no part ${unknown.join(', ')}; there are ${PARTS.join(', ')}\n`);
  process.exit(2);
}
const wants = (part: (typeof PARTS)[number]): boolean => words.length === 0 || words.includes(part);

const startMs = performance.now();
const folder = await mkdtemp(join(tmpdir(), 'satellite-bench-'));
const load = loadavg().map(tenths).join(' ');
process.stdout.write(`${cpus().length} cores, ${cpus()[0]?.model}, Node ${process.version}, load before ${load}\n`);

const slave = wants('slave') ? await startSlave(join(folder, 'slave')) : undefined;
if (wants('intake'))
  printFigures('One master, embedded store, 1,000 hosts, 32 connections', await intakeFigures(join(folder, 'intake')));
if (wants('riemann'))
  printFigures("One master, Riemann's protocol, 10,000 pairs", await riemannFigures(join(folder, 'riemann')));
if (wants('latency') || wants('inventory')) {
  const ensemble = await startZooKeeperEnsemble(3, { heapMb: 384 });
  if (wants('latency'))
    printFigures('Three masters, three ZooKeepers, 1,000 hosts', await latencyFigures(join(folder, 'l'), ensemble));
  if (wants('inventory'))
    printFigures('One master, three ZooKeepers, 40,000 hosts', await inventoryFigures(join(folder, 'i'), ensemble));
  await ensemble.dispose();
}
if (slave) printFigures('One slave, two masters, a stub of the agent', [await slave.figure()]);
await rm(folder, { recursive: true, force: true });
process.stdout.write(`\n${whole((performance.now() - startMs) / 1000)} s in all\n`);
