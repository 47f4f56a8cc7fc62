import { type MasterFace, stateParts } from '../../../demo/simulator/body-v0.ts';
import type { World } from '../../../demo/simulator/world.ts';

const FACE: MasterFace = { id: 'm', hostname: 'm', port: 1, pid: 'm@1', startedS: 0, electedS: 0, flags: {} };

/** `/state` as a leader would tell it, also while there is none to ask. */
export function stateOf(world: World): Record<string, unknown> {
  return JSON.parse([...stateParts(world, FACE, false)].join('')) as Record<string, unknown>;
}
