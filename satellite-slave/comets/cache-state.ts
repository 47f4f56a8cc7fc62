import { recipe } from './comet.ts';

/** The number of tasks whose metadata could not be stored. A known name of the original; says nothing yet. */
export const cacheState = recipe<unknown>({ type: 'object' }, () => ({ services: [], run: async () => [] }), {
  notBuilt: 'the comet cache-state is not built yet: it sends no events',
});
