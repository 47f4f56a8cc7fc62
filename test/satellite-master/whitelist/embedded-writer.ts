/**
 * A child process that writes to the embedded store without pause until somebody or something ends it.
 * Usage: embedded-writer.ts DATA_DIR BYTES random|same. Prints a JSON line for each commit: {host, version} when it was
 * acknowledged, {host, version, code} when it was refused; then twice {state}, before
 * and after a last small commit.
 */
import { createHash } from 'node:crypto';
import { EmbeddedStore } from '../../../satellite-master/whitelist/store/embedded-store.ts';
import { systemClock } from '../../../shared/clock.ts';
import { SatelliteError } from '../../../shared/errors.ts';
import { createLog } from '../../../shared/log.ts';
import { host, startWhole } from './recorder.ts';

const [dataDir = '', bytes = '100', content = 'random'] = process.argv.slice(2);
const store = new EmbeddedStore({ dataDir, clock: systemClock, log: createLog('embedded-writer') });
let fillings = 0;
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

function filling(): string {
  if (content === 'same') return 'x'.repeat(Number(bytes));
  // Bytes that do not compress, the same in each run.
  return createHash('shake256', { outputLength: Number(bytes) / 2 })
    .update(String(fillings++))
    .digest('hex');
}

async function writeWithoutPause(name: ReturnType<typeof host>): Promise<void> {
  for (let version = 0; ; version++) {
    try {
      const data = JSON.stringify({ version, filling: filling() });
      await store.commit([{ host: name, expect: version === 0 ? 'absent' : version - 1, data }]);
      say({ host: name, version });
    } catch (error) {
      say({ host: name, version, code: error instanceof SatelliteError ? error.code : String(error) });
      return;
    }
  }
}

await startWhole(store);
await Promise.all(['w1.example', 'w2.example', 'w3.example'].map((name) => writeWithoutPause(host(name))));
say({ state: store.state });
// A change that is small enough for what is left of the disk.
await store.commit([{ host: host('small.example'), expect: 'absent', data: '{}' }]).catch(() => undefined);
say({ state: store.state });
process.exit(0);
