/** What `import type { … } from 'satellite'` gives: the types that rules modules are written with. */
export type { Event } from '../../shared/event.ts';
export type { HostName } from '../../shared/host-name.ts';
export type * from '../alerts/index.ts';
export type { Stream, StreamEvent } from '../streams/index.ts';
export type { DesiredFlag, DesiredFlag as Wish } from '../whitelist/automation/index.ts';
export type { HostEffect, HostEffectOptions, HostEffects, Rules, Satellite } from './api/index.ts';
export type { HostAccount, Hosts, JudgeTestsSettings } from './host-health/index.ts';
