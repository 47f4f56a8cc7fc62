/** What the index need not be searched for: the hosts and services that alone can answer a query. Pure. */
import type { Query, Term } from './ast.ts';

/** undefined: any. The host of events without one is ''. */
export interface Keys {
  readonly hosts: ReadonlySet<string> | undefined;
  readonly services: ReadonlySet<string> | undefined;
}

const ANY: Keys = { hosts: undefined, services: undefined };

/** Every event that the query matches has one of these hosts and one of these services; not every such event matches. */
export function keysOf(query: Query): Keys {
  switch (query.kind) {
    case 'and':
      return query.parts.map(keysOf).reduce(both);
    case 'or':
      return query.parts.map(keysOf).reduce(either);
    case 'compare':
      return query.operator === '='
        ? (keysOfEquality(query.left, query.right) ?? keysOfEquality(query.right, query.left) ?? ANY)
        : ANY;
    case 'truth':
      return query.term.kind === 'constant' && query.term.constant !== true
        ? { hosts: new Set(), services: undefined }
        : ANY;
    default:
      return ANY;
  }
}

function keysOfEquality(field: Term, value: Term): Keys | undefined {
  if (field.kind !== 'field') return undefined;
  if (field.name === 'host') {
    if (value.kind === 'text') return { ...ANY, hosts: new Set([value.text]) };
    if (value.kind === 'constant' && value.constant === null) return { ...ANY, hosts: new Set(['']) };
  }
  if (field.name === 'service' && value.kind === 'text') return { ...ANY, services: new Set([value.text]) };
  return undefined;
}

function both(a: Keys, b: Keys): Keys {
  return { hosts: common(a.hosts, b.hosts), services: common(a.services, b.services) };
}

function common(a: Keys['hosts'], b: Keys['hosts']): Keys['hosts'] {
  return a && b ? new Set([...a].filter((name) => b.has(name))) : (a ?? b);
}

function either(a: Keys, b: Keys): Keys {
  return {
    hosts: a.hosts && b.hosts && new Set([...a.hosts, ...b.hosts]),
    services: a.services && b.services && new Set([...a.services, ...b.services]),
  };
}
