import { type Problem, SettingsError } from '../../shared/settings.ts';

/** Where a part of the file stands, and where to say what is wrong with it. */
export interface Place {
  readonly file: string;
  readonly path: string;
  readonly problems: Problem[];
  readonly warnings: string[];
}

/** What `read` gives, or undefined and its problems among the others, each path once. */
export function collect<T>(problems: Problem[], read: () => T, below = ''): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const problem of error.problems) {
      const path = [below, problem.path].filter((part) => part !== '').join('.');
      if (!problems.some((known) => known.path === path)) problems.push({ ...problem, path });
    }
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
