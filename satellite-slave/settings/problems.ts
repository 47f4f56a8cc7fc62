import { type Problem, SettingsError } from '../../shared/settings.ts';

/** A part of the settings file, and where to report what is wrong with it. */
export interface Place {
  readonly file: string;
  readonly path: string;
  readonly problems: Problem[];
  readonly warnings: string[];
}

/** What `read` returns; or undefined, and its problems are added to the others, one for each path. */
export function collect<T>(problems: Problem[], read: () => T, below = ''): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const problem of error.problems) {
      const path = [below, problem.path].filter((part) => part !== '').join('.');
      if (problems.some((known) => known.path === path)) continue;
      const text = problem.text === undefined || below === '' ? problem.text : `${below}: ${problem.text}`;
      problems.push({ ...problem, path, ...(text === undefined ? {} : { text }) });
    }
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
