/** Starts and ends the process that sends reports. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load, LoadResult } from './load.ts';

const SCRIPT = fileURLToPath(new URL('./load.ts', import.meta.url));

export interface RunningLoad {
  /** Ends it. @returns what it counted since it began to send */
  stop(): Promise<LoadResult>;
}

/** Resolves when it sends. */
export async function startLoad(load: Load): Promise<RunningLoad> {
  const child = spawn(process.execPath, [...process.execArgv, SCRIPT, JSON.stringify(load)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  let told = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  const sending = new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      told += text.toString();
      if (told.includes('sending')) resolve();
    });
    child.once('exit', () => reject(new Error(`the sender ended: ${told}`)));
  });
  await sending;
  return {
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'close');
      process.off('exit', kill);
      return JSON.parse(output) as LoadResult;
    },
  };
}
