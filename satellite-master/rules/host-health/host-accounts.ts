/** What rules about hosts are built on: what they may ask, and what they get besides events. */
import type { LongWork } from '../../../shared/cooperative.ts';
import type { Event } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { StreamEvent } from '../../streams/index.ts';
import type { RecordEvents } from '../../whitelist/record/index.ts';
import type { FlagsOfRule } from '../flags/index.ts';

/** For rules that keep an account of hosts themselves, as `judgeTests` does. */
export interface Hosts {
  readonly managedEventsOf: (host: HostName) => RecordEvents;
  /** `readmit-after.first`, ms. */
  readonly readmitAfterMs: number;
  /** The whole event behind an item. @throws TypeError where it is none */
  readonly wholeEvent: (item: StreamEvent) => Event;
  /**
   * One account of a kind for each rule: made at the first call in `rule(...)`, the same at every later one. Outside of
   * `rule(...)` it is a rule of its own, with the name of the kind. The methods of {@link HostAccount} that it has are
   * called.
   */
  readonly account: <A extends object>(kind: string, make: (rule: string, desired: FlagsOfRule) => A) => A;
}

/** What an account may implement to get hosts and time besides events. */
export interface HostAccount {
  tick?(): void;
  /** The host has another record. */
  recordChanged?(host: HostName): void;
  /** The host left the inventory (docs/judgement.md, rule 21). */
  dropHost?(host: HostName): void;
  /** Takes over from the account of the same rule and kind of the module before; after it every live event arrives again. */
  inherit?(former: unknown): void;
  /** All live events have arrived. Work that grows with the hosts yields after each of them. */
  settle?(): LongWork | undefined;
}
