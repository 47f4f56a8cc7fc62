import type { Calls } from './calls.ts';
import { badArgument, NO_NODE, NODE_EXISTS, refusal } from './errors.ts';
import type { Acl, Request } from './library.ts';
import { isPath } from './path.ts';
import { type MultiOp, type Stat, ZooKeeperError } from './types.ts';
import { readChildren, readData, readFailedStep, readStat, requests } from './wire.ts';

/** A node's paths as the user says them, below a chroot that only the server sees. */
export class Chroot {
  readonly path: string;

  /** @param path without a slash at its end; '' for none */
  constructor(path: string) {
    this.path = path;
  }

  /** @throws ZooKeeperError `refused` where it is no path */
  toServer(path: string): string {
    if (!isPath(path)) throw badArgument(path, 'no path of a ZooKeeper node');
    return this.path !== '' && path === '/' ? this.path : this.path + path;
  }

  fromServer(path: string): string {
    return path === this.path ? '/' : path.slice(this.path.length);
  }
}

/** What can be asked of ZooKeeper, each as one call; see types.ts for what each means and throws. */
export class Operations {
  readonly #calls: Calls;
  readonly #chroot: Chroot;
  readonly #acls: readonly Acl[];

  /** @param acls for the nodes that are made */
  constructor(calls: Calls, chroot: Chroot, acls: readonly Acl[]) {
    this.#calls = calls;
    this.#chroot = chroot;
    this.#acls = acls;
  }

  async exists(path: string, watch: boolean): Promise<Stat | undefined> {
    const full = this.#chroot.toServer(path);
    return this.#calls.run(path, requests.exists(full, watch), (code, body, { watches }) => {
      if (code !== 0 && code !== NO_NODE) throw refusal(code, path);
      if (watch) (code === 0 ? watches.data : watches.exists).add(full);
      return code === 0 ? readStat(body) : undefined;
    });
  }

  async getData(path: string, watch: boolean): Promise<{ readonly data: Buffer; readonly stat: Stat } | undefined> {
    const full = this.#chroot.toServer(path);
    return this.#calls.run(path, requests.getData(full, watch), (code, body, { watches }) => {
      if (code === NO_NODE) return undefined;
      if (code !== 0) throw refusal(code, path);
      if (watch) watches.data.add(full);
      return readData(body);
    });
  }

  async getChildren(
    path: string,
    watch: boolean,
  ): Promise<{ readonly names: readonly string[]; readonly stat: Stat } | undefined> {
    const full = this.#chroot.toServer(path);
    return this.#calls.run(path, requests.getChildren(full, watch), (code, body, { watches }) => {
      if (code === NO_NODE) return undefined;
      if (code !== 0) throw refusal(code, path);
      if (watch) watches.children.add(full);
      return readChildren(body);
    });
  }

  async create(path: string, data: Buffer, ephemeral: boolean): Promise<void> {
    return this.#confirm(path, requests.create(this.#chroot.toServer(path), data, this.#acls, ephemeral));
  }

  async sync(path: string): Promise<void> {
    return this.#confirm(path, requests.sync(this.#chroot.toServer(path)));
  }

  /** Looks before it makes: who may not write above a node may still use it. */
  async ensurePath(path: string): Promise<void> {
    if (await this.exists(path, false)) return;
    const parts = path.split('/').slice(1);
    for (let depth = 1; depth <= parts.length; depth++) {
      const above = `/${parts.slice(0, depth).join('/')}`;
      if (await this.exists(above, false)) continue;
      try {
        await this.create(above, Buffer.alloc(0), false);
      } catch (error) {
        if (!(error instanceof ZooKeeperError && error.code === NODE_EXISTS)) throw error;
      }
    }
  }

  async multi(ops: readonly MultiOp[]): Promise<void> {
    const first = ops[0];
    if (!first) return;
    const full = ops.map((op) => ({ ...op, path: this.#chroot.toServer(op.path) }));
    return this.#calls.run(first.path, requests.multi(full, this.#acls), (code, body) => {
      const failed = body.length > 0 ? readFailedStep(body) : undefined;
      if (failed) throw refusal(failed.code, ops[failed.index]?.path ?? first.path);
      if (code !== 0) throw refusal(code, first.path);
    });
  }

  #confirm(path: string, request: Request): Promise<void> {
    return this.#calls.run(path, request, (code) => {
      if (code !== 0) throw refusal(code, path);
    });
  }
}
