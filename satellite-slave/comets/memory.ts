import { type Comet, exactly, type Recipe, recipe } from './comet.ts';
import type { Memory } from './machine.ts';

interface Threshold {
  /** MB. */
  readonly threshold: number;
}

const THRESHOLD = exactly({ threshold: { type: 'number', expected: 'a number of MB' } });

/** ok while more than `threshold` MB are there. */
function enough(service: string, figure: (memory: Memory) => number, spared: (memory: Memory) => boolean): Recipe {
  return recipe<Threshold>(
    THRESHOLD,
    ({ threshold }): Comet => ({
      services: [service],
      run: async ({ machine }) => {
        const memory = machine.memory();
        const metric = figure(memory);
        return [{ service, metric, state: metric > threshold || spared(memory) ? 'ok' : 'critical' }];
      },
    }),
  );
}

export const freeMemory = enough(
  'free memory in MB',
  ({ availableMb }) => availableMb,
  () => false,
);

export const freeSwap = enough(
  'free swap in MB',
  ({ swapFreeMb }) => swapFreeMb,
  () => false,
);

/** A machine without swap is fit. */
export const freeSwapIffSwap = enough(
  'free swap iff swap in MB',
  ({ swapFreeMb }) => swapFreeMb,
  ({ swapTotalMb }) => swapTotalMb === 0,
);
