import type { Stream } from '../../streams/index.ts';
import type { Satellite } from '../api/index.ts';

export interface EnsureAllTestsPassOptions {
  /** The services that are tests; default those below `mesos/slave/`. */
  readonly services?: RegExp;
  /** How often a host is judged, seconds; default 60 as in the original. */
  readonly every?: number;
}

/**
 * The original's rule: once a minute a host is on when all its tests are ok and off when one is not. Each host is
 * judged by its own tests, where the original judged the first by the tests of all. `judgeTests()` knows more: it
 * judges at once, keeps its word over a restart, and waits before it believes in silence.
 * @example export default (satellite: Satellite) => [ensureAllTestsPass(satellite)]
 */
export function ensureAllTestsPass(
  { rule }: Satellite,
  { services = /^mesos\/slave\//, every = 60 }: EnsureAllTestsPassOptions = {},
): Stream {
  return rule('ensure-all-tests-pass', ({ where, service, by, coalesce, ensureAllTestsPass: judge, onHost, offHost }) =>
    where(
      service(services),
      // A figure is no test; that it ran out is no news to `coalesce`, which does not hold it.
      where(
        ({ state }) => state !== undefined,
        by('host', () => coalesce(every, judge({ onHost, offHost }))),
      ),
    ),
  );
}
