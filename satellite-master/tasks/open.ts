/** The task store that the settings want. */
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import { EmbeddedTaskStore } from './embedded.ts';
import { RedisTaskStore } from './redis.ts';
import type { TaskStore } from './store.ts';

export type TaskStoreSettings =
  | { readonly kind: 'embedded'; readonly keepMs: number; readonly maxBytes: number }
  | { readonly kind: 'redis'; readonly keepMs: number; readonly url: string };

export interface TaskStoreParts {
  readonly settings: TaskStoreSettings;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Nothing is opened or connected yet. */
export function openTaskStore({ settings, dataDir, clock, log }: TaskStoreParts): TaskStore {
  return settings.kind === 'redis'
    ? new RedisTaskStore({ ...settings, clock, log })
    : new EmbeddedTaskStore({ ...settings, dataDir, clock, log });
}
