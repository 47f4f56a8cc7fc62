import type { Stream } from '../../streams/index.ts';
import type { Satellite } from '../api/index.ts';
import { BLACK_HOLE_SERVICE, COUNTERS_ONLY } from '../black-hole/index.ts';

/**
 * Takes off what the master says is a black hole: a host on which tasks fail that work elsewhere. The same as
 * `"blackhole-action": "off"`, as a rule to change: to ask for more, or to let hosts out of it.
 *
 * Not acted on is what the counters of an agent alone suggest: they can't distinguish a bad host from a bad application.
 * @example where(host(/\.rack7\./), blackHole(satellite))
 */
export function blackHole({ rule }: Satellite): Stream {
  return rule('black-hole-recipe', ({ where, service, state, tagged, split, offHost, onHost, releaseHost }) =>
    where(
      service(BLACK_HOLE_SERVICE),
      split(
        [tagged(COUNTERS_ONLY), releaseHost()],
        [state('critical'), offHost()],
        [state('ok'), onHost({ reason: 'no black hole' })],
        releaseHost(),
      ),
    ),
  );
}
