/** What is wrong with the use of a stream function, said with the stream's name. */

/** Thrown when a stream is made with an argument that it cannot work with. */
export class StreamArgumentError extends Error {
  readonly stream: string;

  constructor(stream: string, problem: string) {
    super(`${stream}: ${problem}`);
    this.name = 'StreamArgumentError';
    this.stream = stream;
  }
}

export function requireAtLeast(stream: string, name: string, value: number, least: number): void {
  if (typeof value === 'number' && value >= least && Number.isFinite(value)) return;
  throw new StreamArgumentError(stream, `${name} must be a number of at least ${least}, not ${shown(value)}`);
}

/** For lengths of time that must pass: more than none. */
export function requireSeconds(stream: string, value: number): number {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
  throw new StreamArgumentError(stream, `seconds must be a number above 0, not ${shown(value)}`);
}

export function requireFunction(stream: string, name: string, value: unknown): void {
  if (typeof value === 'function') return;
  throw new StreamArgumentError(stream, `${name} must be a function, not ${shown(value)}`);
}

export function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return JSON.stringify(value) ?? String(value);
}

export function requireNumber(stream: string, name: string, value: number): void {
  if (typeof value === 'number' && !Number.isNaN(value)) return;
  throw new StreamArgumentError(stream, `${name} must be a number, not ${shown(value)}`);
}

/** For numbers of events. */
export function requireCount(stream: string, value: number, least = 1): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new StreamArgumentError(stream, `the count must be a whole number of at least ${least}, not ${shown(value)}`);
}
