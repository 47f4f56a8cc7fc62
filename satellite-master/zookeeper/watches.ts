import type { WatchEvent } from './types.ts';
import type { WatchPaths } from './wire.ts';

/**
 * The watches that a session holds at the server, so that they can be set again after a reconnect. Only paths:
 * the library keeps an emitter and a closure for each, and leaks listeners where one path is read again and again.
 */
export class Watches implements WatchPaths {
  readonly data = new Set<string>();
  readonly exists = new Set<string>();
  readonly children = new Set<string>();

  get size(): number {
    return this.data.size + this.exists.size + this.children.size;
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
