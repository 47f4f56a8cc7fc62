/** Builds the streams of a rules module and reports all that is wrong with it at once. */
import { type Stream, StreamArgumentError } from '../../streams/index.ts';
import {
  rememberFunction,
  rememberResult,
  requireStreams,
  requireUsefulArguments,
  type Satellite,
} from '../api/index.ts';
import type { RulesModule } from './module.ts';
import { nearestTo } from './nearest.ts';
import { problemOf, type RuleProblem, RulesError } from './rules-error.ts';

const noStream = () => undefined;

/** Collects wrong arguments and unknown names while a module is built, so that all of them are reported together. */
export class ModuleBuild {
  readonly #module: RulesModule;
  readonly #problems: RuleProblem[] = [];
  #building = true;

  constructor(module: RulesModule) {
    this.#module = module;
  }

  /** Runs the module's function. @throws RulesError */
  streams(satellite: Satellite): readonly Stream[] {
    const { rules, files } = this.#module;
    let streams: readonly Stream[] = [];
    try {
      streams = requireStreams('the default export', rules(this.guard(satellite)));
    } catch (error) {
      this.#note(error);
    }
    this.#building = false;
    if (this.#problems.length > 0) throw new RulesError(this.#problems, files);
    return streams;
  }

  /** Checks each call of a function of the satellite while the module is built. */
  guard(satellite: Satellite): Satellite {
    const wrapped = Object.entries(satellite).map(([name, value]) => [
      name,
      typeof value === 'function' ? this.#checked(name, value as (...args: unknown[]) => unknown) : value,
    ]);
    return this.#known(Object.fromEntries(wrapped) as Satellite);
  }

  #checked(name: string, call: (...args: unknown[]) => unknown) {
    const checked = (...args: unknown[]): unknown => {
      if (!this.#building) return call(...args);
      try {
        requireUsefulArguments(name, args);
        const result = call(...args);
        rememberResult(name, result);
        return result;
      } catch (error) {
        if (!(error instanceof StreamArgumentError)) throw error;
        this.#note(error);
        return noStream;
      }
    };
    rememberFunction(name, checked);
    return checked;
  }

  #known(satellite: Satellite): Satellite {
    return new Proxy(satellite, {
      get: (own, name) => {
        if (typeof name === 'symbol' || Object.hasOwn(own, name)) return Reflect.get(own, name);
        const meant = nearestTo(name, Object.keys(own));
        this.#note(new TypeError(`satellite has no "${name}"${meant === undefined ? '' : `: is "${meant}" meant?`}`));
        return () => noStream;
      },
    });
  }

  #note(error: unknown): void {
    const { files, name, exportPlace = name } = this.#module;
    const problem = problemOf(error, files, exportPlace);
    if (!this.#problems.some(({ place, text }) => place === problem.place && text === problem.text))
      this.#problems.push(problem);
  }
}
