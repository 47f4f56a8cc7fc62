import type { Request } from './library.ts';
import type { WatchEvent } from './types.ts';
import { setWatches, type WatchPaths } from './wire.ts';

/**
 * The watches that a session holds at the server, so that they can be set again after a reconnect. Only paths:
 * the library keeps an emitter and a closure for each, and leaks listeners where one path is read again and again.
 */
export class Watches implements WatchPaths {
  readonly data = new Set<string>();
  readonly exists = new Set<string>();
  readonly children = new Set<string>();
  /** The newest transaction seen when all watches were last set. */
  #seenBefore: Buffer | undefined;

  /**
   * What sets all of them again on a new connection; call {@link areSet} when all is answered.
   * Each answer moves `zxid` on. Were the connection cut with half of the watches set, the next attempt would ask
   * for changes since an answer that is newer than what the other half has missed: so the old mark is kept until
   * all are set.
   * @param zxid the newest transaction seen
   */
  setAgain(zxid: Buffer): readonly Request[] {
    this.#seenBefore ??= Buffer.from(zxid);
    const requests = [...setWatches(this.#seenBefore, this)];
    if (requests.length === 0) this.areSet();
    return requests;
  }

  areSet(): void {
    this.#seenBefore = undefined;
  }

  /** Each watch fires once. @returns whether one was held: otherwise somebody heard of it already */
  fired({ type, path }: WatchEvent): boolean {
    const kinds =
      type === 'children'
        ? [this.children]
        : type === 'deleted'
          ? [this.data, this.exists, this.children]
          : [this.data, this.exists];
    let held = false;
    for (const paths of kinds) held = paths.delete(path) || held;
    return held;
  }
}
