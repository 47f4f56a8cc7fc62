/**
 * Who is heard and who is silent, whatever the rules judge: the doubt about oneself (judgement.md 7) and the forgetting
 * of hosts must not depend on what a module lets through to its judges. What no judge takes, an ear of our own hears.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { Event } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { EventWishes } from '../../whitelist/record/index.ts';
import { JudgeTests, type Quiet } from '../host-health/index.ts';
import type { WishesOfRule } from './module-flags.ts';

const nothing = () => undefined;
const NO_EVENTS: EventWishes = new Map();
const NO_WISHES: WishesOfRule = {
  setFlag: nothing,
  setEvent: nothing,
  forgetEvent: nothing,
  dropHost: nothing,
  events: () => NO_EVENTS,
};

export class Hearing {
  readonly #judges: readonly JudgeTests[];
  readonly #ear: JudgeTests;

  /** @param judges of the module, which are fed by its streams */
  constructor(judges: readonly JudgeTests[], clock: Clock, dropAfterMs: number) {
    this.#judges = judges;
    this.#ear = new JudgeTests({ clock, wishes: NO_WISHES, dropAfterMs, managedEventsOf: () => ({}) });
  }

  /** An event that has gone down the rules. */
  take(event: Event): void {
    for (const judge of this.#judges) if (judge.lastTaken === event) return;
    this.#ear.take(event);
  }

  tick(): void {
    this.#ear.tick();
  }

  dropHost(host: HostName): void {
    this.#ear.dropHost(host);
  }

  /** For a judge that had no counterpart in the module before: the one that has heard most. */
  get main(): JudgeTests {
    return this.#judges[0] ?? this.#ear;
  }

  inherit(former: Hearing): void {
    this.#ear.inherit(this.#judges.length > 0 ? former.#ear : former.main);
  }

  settle(): void {
    this.#ear.settle();
  }

  verdictOf(host: HostName): ReturnType<JudgeTests['verdictOf']> {
    const known = this.#all.map((one) => one.verdictOf(host)).filter((one) => one !== undefined);
    const speaks = known.find(({ verdict }) => verdict.heard && verdict.kind !== 'silent');
    return speaks ?? known.find(({ verdict }) => verdict.heard) ?? known[0];
  }

  /** Hosts that are heard now. */
  *heard(): Iterable<HostName> {
    if (this.#judges.length === 0) yield* this.#ear.heard();
    else yield* new Set(this.#all.flatMap((one) => [...one.heard()]));
  }

  /** As {@link JudgeTests.quiet}: quiet to all who have ever heard of it. */
  *quiet(): Iterable<Quiet> {
    const quiets = this.#all.map((one) => new Map(Array.from(one.quiet(), (quiet) => [quiet.host, quiet])));
    const told = new Set<HostName>();
    for (const quiet of quiets.flatMap((map) => [...map.values()])) {
      const { host } = quiet;
      if (told.has(host)) continue;
      told.add(host);
      if (!this.#speaks(host, quiets)) yield newest(host, quiets) ?? quiet;
    }
  }

  #speaks(host: HostName, quiets: readonly ReadonlyMap<HostName, Quiet>[]): boolean {
    return this.#all.some((one, at) => one.verdictOf(host)?.verdict.heard === true && !quiets[at]?.has(host));
  }

  get #all(): readonly JudgeTests[] {
    return [...this.#judges, this.#ear];
  }
}

/** What the last of them heard of it. */
function newest(host: HostName, quiets: readonly ReadonlyMap<HostName, Quiet>[]): Quiet | undefined {
  return quiets
    .flatMap((map) => map.get(host) ?? [])
    .sort((a, b) => Number(a.silent) - Number(b.silent) || b.lastHeardMs - a.lastHeardMs)[0];
}
