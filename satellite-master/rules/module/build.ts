/** Builds the streams of a rules module, and says all that is wrong with it at once. */

import type { Stream } from '../../streams/index.ts';
import { StreamArgumentError } from '../../streams/index.ts';
import { requireStreams, type Satellite } from '../api/index.ts';
import type { RulesModule } from './module.ts';
import { nearestTo } from './nearest.ts';
import { problemOf, type RuleProblem, RulesError } from './rules-error.ts';

/** Runs the module's function; wrong arguments and unknown names are gathered, so that all of them are said at once. */
export function buildStreams(module: RulesModule, satellite: Satellite, building: () => boolean): readonly Stream[] {
  const problems: RuleProblem[] = [];
  const note = (error: unknown) => {
    const problem = problemOf(error, module.files, module.name);
    if (!problems.some(({ place, text }) => place === problem.place && text === problem.text)) problems.push(problem);
  };
  const nothing = () => undefined;
  const watched = (target: Satellite): Satellite =>
    new Proxy(target, {
      get: (own, name) => {
        if (typeof name === 'symbol' || Object.hasOwn(own, name)) return Reflect.get(own, name);
        const meant = nearestTo(name, Object.keys(own));
        note(new TypeError(`satellite has no "${name}"${meant === undefined ? '' : `: is "${meant}" meant?`}`));
        return () => nothing;
      },
    });
  const gathering = (target: Satellite): Satellite => {
    const wrapped = Object.entries(target).map(([name, value]) => [
      name,
      typeof value !== 'function'
        ? value
        : (...args: unknown[]) => {
            if (!building()) return (value as (...args: unknown[]) => unknown)(...args);
            try {
              return (value as (...args: unknown[]) => unknown)(...args);
            } catch (error) {
              if (!(error instanceof StreamArgumentError)) throw error;
              note(error);
              return nothing;
            }
          },
    ]);
    return watched(Object.fromEntries(wrapped) as Satellite);
  };
  let streams: readonly Stream[] = [];
  try {
    streams = requireStreams('the default export', module.rules(gathering(satellite)));
  } catch (error) {
    note(error);
  }
  if (problems.length > 0) throw new RulesError(problems, module.files);
  return streams;
}
