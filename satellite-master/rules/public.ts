/** What `import type { … } from 'satellite'` gives: the types that rules modules are written with. */
export type { Event } from '../../shared/event.ts';
export type { HostName } from '../../shared/host-name.ts';
export type * from '../alerts/index.ts';
export type { Stream, StreamEvent } from '../streams/stream.ts';
export type { Wish } from '../whitelist/wishes.ts';
export type { HostEffect, HostEffectOptions, HostEffects } from './host-effects.ts';
export type { JudgeTestsSettings } from './judge-tests-stream.ts';
export type { HostAccount, Hosts, Rules, Satellite } from './satellite.ts';
