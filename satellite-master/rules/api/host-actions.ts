/** What rules do to hosts: onHost, offHost, persistEvent, deleteEvent. Each sets what is desired, under one rule's name. */
import type { Clock } from '../../../shared/clock.ts';
import { HOST_NAME_FORM, type HostName, parseHostName } from '../../../shared/host-name.ts';
import { cutToBytes } from '../../../shared/text.ts';
import type { Stream, StreamEvent } from '../../streams/index.ts';
import { StreamArgumentError, shown } from '../../streams/index.ts';
import type { DesiredFlag } from '../../whitelist/automation/index.ts';
import type { RecordEvents } from '../../whitelist/record/index.ts';
import type { ModuleFlags } from '../flags/index.ts';
import { recordEventOf } from '../host-health/index.ts';
import { wholeEvent } from './complete-event.ts';

/** The rule that `why` names: rules set desired flags, the reconciler acts (docs/judgement.md, rule 25). */
const RULE_NUMBER = 25;
const MAX_REASON_BYTES = 512;

export interface HostEffectOptions {
  /** Said in `why` and in the history; default: what the event says. */
  readonly reason?: string | ((event: StreamEvent) => string);
}

/** A stream for the hosts of the events that reach it; or at once for the host that is named. */
export interface HostEffect {
  (options?: HostEffectOptions): Stream<StreamEvent>;
  (host: string, reason?: string): void;
}

export interface HostEffects {
  /** This rule has nothing against the host: it is on unless another rule wants it off, or has not been fit for long enough. */
  readonly onHost: HostEffect;
  /** The host is to be off for as long as this rule says nothing else. */
  readonly offHost: HostEffect;
  /** Whatever other rules want, the host's flag is to stay as it is; only one that wants it off weighs more. */
  readonly keepHost: HostEffect;
  /** This rule has no opinion on the host any more. */
  readonly releaseHost: HostEffect;
  /** The event stands among the managed events of the host's record, under its service, until `deleteEvent`. */
  readonly persistEvent: () => Stream<StreamEvent>;
  /** Takes the event of that service out of the host's record. */
  readonly deleteEvent: () => Stream<StreamEvent>;
}

export interface HostEffectParts {
  readonly desired: ModuleFlags;
  readonly managedEventsOf: (host: HostName) => RecordEvents;
  /** Called when a rule uses what judges hosts. */
  readonly judges: () => void;
  readonly clock: Clock;
}

export function hostEffects(rule: string, { desired, managedEventsOf, judges, clock }: HostEffectParts): HostEffects {
  function effect(name: keyof HostEffects, say: (host: HostName, reason: string, silent: boolean) => void): HostEffect {
    function made(options?: HostEffectOptions): Stream<StreamEvent>;
    function made(host: string, reason?: string): void;
    function made(first: HostEffectOptions | string = {}, reason?: string): Stream<StreamEvent> | undefined {
      if (name === 'onHost' || name === 'offHost') judges();
      if (typeof first === 'string') {
        say(hostNamed(first), cutToBytes(reason ?? `rule ${rule}`, MAX_REASON_BYTES), false);
        return undefined;
      }
      const reasonOf = reader(name, first);
      return (event) => {
        if (event.host === undefined) return;
        const text = cutToBytes(reasonOf(event), MAX_REASON_BYTES);
        say(hostNamed(event.host), text, event.state === 'expired');
      };
    }
    return made;
  }

  function want(host: HostName, desiredFlag: (sinceMs: number) => DesiredFlag): void {
    const last = desired.flag(rule, host);
    const nowMs = clock.monoMs();
    const next = desiredFlag(nowMs);
    const same = last?.flag === next.flag && last.illness?.kind === next.illness?.kind;
    if (same && last.reason === next.reason) return;
    const sinceMs = same ? (last.illness?.sinceMs ?? last.fitSinceMs ?? nowMs) : nowMs;
    desired.setFlag(rule, host, desiredFlag(sinceMs));
  }

  return {
    offHost: effect('offHost', (host, reason, silent) =>
      want(host, (sinceMs) => ({
        flag: 'off',
        rule: RULE_NUMBER,
        reason,
        illness: silent ? { kind: 'silent', criticals: 0, sinceMs } : { kind: 'critical', criticals: 1, sinceMs },
      })),
    ),
    onHost: effect('onHost', (host, reason) =>
      want(host, (fitSinceMs) => ({ flag: 'on', rule: RULE_NUMBER, reason, fitSinceMs })),
    ),
    keepHost: effect('keepHost', (host, reason) => want(host, () => ({ flag: 'keep', rule: RULE_NUMBER, reason }))),
    releaseHost: effect('releaseHost', (host) => {
      if (desired.flag(rule, host)) desired.setFlag(rule, host, undefined);
    }),
    persistEvent: () => {
      judges();
      return (event) => {
        if (event.host === undefined) return;
        const host = hostNamed(event.host);
        const whole = wholeEvent(event, clock.wallMs() / 1000);
        const standing = desired.events(host).get(whole.service);
        const next = recordEventOf(whole);
        if (standing && standing.state === next.state && standing.description === next.description) return;
        desired.setEvent(rule, host, whole.service, next);
      };
    },
    deleteEvent: () => (event) => {
      if (event.host === undefined || event.service === undefined) return;
      const host = hostNamed(event.host);
      const standing = desired.events(host).get(event.service);
      if (standing === null || (standing === undefined && !(event.service in managedEventsOf(host)))) return;
      desired.setEvent(rule, host, event.service, null);
    },
  };
}

function reader(name: string, options: HostEffectOptions): (event: StreamEvent) => string {
  const unknown = Object.keys(options).filter((key) => key !== 'reason');
  if (typeof options !== 'object' || unknown.length > 0)
    throw new StreamArgumentError(
      name,
      `takes { reason }, not ${shown(options)}; it makes a stream: ${name}(), with parentheses`,
    );
  const { reason } = options;
  if (typeof reason === 'function') return reason;
  return reason === undefined ? reasonOfEvent : () => reason;
}

function reasonOfEvent({ service = 'an event', state = '', description }: StreamEvent): string {
  return `${service} ${state}${description ? `: ${description}` : ''}`.trim();
}

function hostNamed(text: string): HostName {
  const host = parseHostName(text);
  if (!host) throw new TypeError(`host: found ${shown(text)}, expected ${HOST_NAME_FORM}`);
  return host;
}
