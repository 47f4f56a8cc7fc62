/** Where streams of rules end beyond the index, the log and alerts: figures; and the taps of tests. */
import { DEFAULT_TTL_SECONDS } from '../../../shared/event.ts';
import {
  feed,
  type Stream,
  StreamArgumentError,
  type StreamContext,
  type StreamEvent,
  shown,
} from '../../streams/index.ts';
import type { RuleEffects } from './effects.ts';

const FIGURE_NAME = /^[^\p{Cc}]{1,256}$/u;

export function stat(effects: RuleEffects) {
  return (name: string | ((event: StreamEvent) => string)): Stream => {
    if (typeof name !== 'function') requireFigureName(name);
    return (event) => {
      const { state, metric, ttl = DEFAULT_TTL_SECONDS } = event;
      if (state === 'expired' || typeof metric !== 'number' || !Number.isFinite(metric)) return;
      const figure = typeof name === 'function' ? requireFigureName(name(event)) : name;
      effects.stat(figure, metric, ttl);
    };
  };
}

function requireFigureName(name: string): string {
  if (typeof name !== 'string' || !FIGURE_NAME.test(name))
    throw new StreamArgumentError(
      'stat',
      `needs the name of a figure or a function that gives one, not ${shown(name)}`,
    );
  return name;
}

export function tap(context: StreamContext, effects: RuleEffects) {
  return <T = StreamEvent>(name: string, ...children: Stream<T>[]): Stream<T> => {
    if (typeof name !== 'string' || name === '')
      throw new StreamArgumentError('tap', `needs a name, not ${shown(name)}`);
    return (item) => {
      effects.tap(name, item);
      feed(context, 'tap', children, item);
    };
  };
}
