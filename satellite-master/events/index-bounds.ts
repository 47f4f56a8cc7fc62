/** What the index may hold, and why a new key is refused. Keys that are known are always taken. */

/** Of one host, for its tests: nothing else that a host reports takes their room. */
export const MAX_TESTS_PER_HOST = 256;
/** Of one host, beside its tests: the default of `services-per-host`. */
export const DEFAULT_SERVICES_PER_HOST = 256;

/** Says whether there is memory for another key. */
export interface MemoryRoom {
  readonly hasRoom: boolean;
  /** A new key was taken. */
  keyAdded(): void;
}

export interface IndexBounds {
  /** Services of one host that are no tests. */
  readonly servicesPerHost: number;
  readonly memory: MemoryRoom;
}

export const USUAL_BOUNDS: IndexBounds = {
  servicesPerHost: DEFAULT_SERVICES_PER_HOST,
  memory: { hasRoom: true, keyAdded: () => undefined },
};

/** The bound that a new key is beyond. */
export type Refusal = 'services-full' | 'tests-full' | 'hosts-full' | 'memory-full';

/** An event that the index has no room for. */
export interface RefusedEvent {
  /** Place in the list that was given. */
  readonly place: number;
  readonly reason: string;
}

export function isRefusal(outcome: string): outcome is Refusal {
  return outcome.endsWith('-full');
}

/** The reason that the sender of the event gets. */
export function refusalText(refusal: Refusal, { servicesPerHost }: Pick<IndexBounds, 'servicesPerHost'>): string {
  switch (refusal) {
    case 'services-full':
      return `the host has ${servicesPerHost} services already, the most that "services-per-host" allows`;
    case 'tests-full':
      return `the host has ${MAX_TESTS_PER_HOST} tests already, the most that are kept`;
    case 'hosts-full':
      return 'this master keeps events of as many hosts as it can';
    case 'memory-full':
      return 'the memory of this master is used up: only events that it knows already are taken';
  }
}
