/** What `import type { … } from 'satellite'` gives: the types that rules modules are written with. */
export type { Event } from '../../shared/event.ts';
export type { HostName } from '../../shared/host-name.ts';
export type * from '../alerts/index.ts';
export type { Stream, StreamEvent } from '../streams/stream.ts';
export type { Wish } from '../whitelist/automation/desired-flags.ts';
export type { HostEffect, HostEffectOptions, HostEffects } from './api/host-actions.ts';
export type { JudgeTestsSettings } from './host-health/judge-tests-stream.ts';
export type { HostAccount, Hosts, Rules, Satellite } from './api/rules-api.ts';
