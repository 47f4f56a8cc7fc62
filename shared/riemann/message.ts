/** What travels on Riemann's wire: a `Msg` with events, or with a query, or the answer to one. Absent field = absent key. */

/** Any field may be absent, and names are any text: what is accepted is decided by the intake. */
export interface RiemannEvent {
  readonly host?: string;
  readonly service?: string;
  readonly state?: string;
  /** Unix seconds; with a fraction where the sender gave microseconds. */
  readonly time?: number;
  readonly metric?: number;
  /** Seconds. */
  readonly ttl?: number;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface RiemannMessage {
  readonly ok?: boolean;
  readonly error?: string;
  readonly query?: string;
  readonly events: readonly RiemannEvent[];
}

/** Tags of the fields: number << 3 | wire type. The old `states` (4) are passed over, as Riemann itself does. */
export const MSG = { ok: 0x10, error: 0x1a, query: 0x2a, event: 0x32 } as const;
export const QUERY = { string: 0x0a } as const;
export const EVENT = {
  time: 0x08,
  state: 0x12,
  service: 0x1a,
  host: 0x22,
  description: 0x2a,
  tag: 0x3a,
  ttl: 0x45,
  attribute: 0x4a,
  timeMicros: 0x50,
  metricSint64: 0x68,
  metricDouble: 0x71,
  metricFloat: 0x7d,
} as const;
export const ATTRIBUTE = { key: 0x0a, value: 0x12 } as const;
