/** One Mesos process over HTTP, a master or an agent, of any version from 0.2x on. */
import type { Readable } from 'node:stream';
import { type Clock, systemClock } from '../clock.ts';
import { abortReason, timeoutSignal } from '../deadline.ts';
import { messageOf } from '../errors.ts';
import { AnswerTooLong, HttpClient, type HttpStream, readWhole } from '../http-client.ts';
import { cutToLength } from '../text.ts';
import { faultOfStatus, MesosError } from './error.ts';
import { type Figures, type FiguresListener, SharedFigures } from './figures.ts';
import { FiguresReader } from './figures-reader.ts';
import { isObject, type JsonObject } from './json.ts';

export interface MesosClientOptions {
  /** As in `http://localhost:5050`; a path below it is kept, as a reverse proxy may want. */
  readonly url: string;
  readonly role: 'master' | 'agent';
  readonly credentials?: { readonly principal: string; readonly secret: string } | undefined;
  readonly clock?: Clock;
}

/** The paths of one resource in all versions: the first that this version knows is remembered. */
interface Place {
  readonly paths: readonly string[];
  known: number;
}

interface Question {
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  readonly accept?: string;
}

/** What came, and from whom: after a redirect that is the leader. */
export interface MesosStream {
  readonly address: string;
  readonly body: Readable;
}

const FIGURES_TIMEOUT_MS = 3_000;
const LEADER_HOLDS_MS = 1_000;
const STATE_TIMEOUT_MS = 30_000;
const CALL_TIMEOUT_MS = 10_000;
/** Of the maintenance schedule and the like: some hundred bytes for each machine. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** Of a state that is read as one piece: an agent lists every task it remembers. */
const MAX_STATE_BYTES = 64 * 1024 * 1024;
const MAX_CALL_BYTES = 64 * 1024 * 1024;
/** From a follower to the leader of a moment ago, and on to the next one. */
const MAX_HOPS = 3;

export class MesosClient {
  /** As given, without a slash at its end. */
  readonly url: string;
  readonly #options: MesosClientOptions;
  readonly #base: string;
  readonly #local: HttpClient;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #state: Place;
  readonly #api: Place;
  readonly #figures: SharedFigures;
  readonly #clock: Clock;
  #leaderAsked: { readonly atMs: number; readonly answer: Promise<string | undefined> } | undefined;
  /** Connections to whom the local one sent us last. */
  #leader: HttpClient | undefined;

  constructor(options: MesosClientOptions) {
    const { url, role, credentials, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    const { origin, pathname } = new URL(url);
    this.url = url.replace(/\/+$/, '');
    this.#base = pathname.replace(/\/+$/, '');
    this.#local = new HttpClient(origin);
    const basic = credentials && Buffer.from(`${credentials.principal}:${credentials.secret}`).toString('base64');
    this.#headers = basic ? { authorization: `Basic ${basic}` } : {};
    const prefix = role === 'master' ? '/master' : '/slave(1)';
    this.#state = { paths: ['/state', '/state.json', `${prefix}/state`, `${prefix}/state.json`], known: 0 };
    this.#api = { paths: ['/api/v1', `${prefix}/api/v1`], known: 0 };
    this.#figures = new SharedFigures(() => this.#fetchFigures(), clock);
  }

  /**
   * `/metrics/snapshot` of this very process: never redirected, so it is about no other. At most two requests
   * a second go out, whoever asks; what they bring is shared.
   * @throws MesosError
   */
  metrics(): Promise<Figures> {
    return this.#figures.get();
  }

  /**
   * Whether this very master leads. Shares the requests of {@link metrics}.
   * @throws MesosError; `garbage` where the answer does not say
   */
  async elected(): Promise<boolean> {
    const elected = (await this.metrics())['master/elected'];
    if (elected === undefined) throw new MesosError('garbage', `${this.url}/metrics/snapshot`, 'no master/elected');
    return elected === 1;
  }

  /** Hears the figures of every request for them that went well. */
  onFigures(listener: FiguresListener): void {
    this.#figures.onFigures(listener);
  }

  /**
   * Where the leading master listens, as this master says it, as in `http://10.0.0.2:5050`. Even the leader itself answers
   * with a redirect. Asked at most once a second, whoever wants to know.
   * @returns undefined: no leader, or a version that does not say
   * @throws MesosError when nobody answers
   */
  leader(): Promise<string | undefined> {
    const nowMs = this.#clock.monoMs();
    if (!this.#leaderAsked || nowMs - this.#leaderAsked.atMs >= LEADER_HOLDS_MS)
      this.#leaderAsked = { atMs: nowMs, answer: this.#askLeader() };
    return this.#leaderAsked.answer;
  }

  async #askLeader(): Promise<string | undefined> {
    const signal = timeoutSignal(FIGURES_TIMEOUT_MS);
    const { status, headers, body } = await this.#ask(this.#local, `${this.#base}/redirect`, { method: 'GET' }, signal);
    body.resume();
    const { location } = headers;
    if (status !== 307 || typeof location !== 'string') return undefined;
    try {
      return targetOf(location, this.#local.origin).origin;
    } catch {
      return undefined;
    }
  }

  /**
   * `/flags`, `/maintenance/status` and the like: small objects, of the leader where a follower sends us there.
   * @throws MesosError
   */
  async get(path: string): Promise<JsonObject> {
    const signal = timeoutSignal(CALL_TIMEOUT_MS);
    const { address, body } = await this.#open(path, { method: 'GET' }, signal);
    return objectIn(await whole(address, body, MAX_ANSWER_BYTES, signal), address);
  }

  /**
   * The state in one piece; that of a master comes from the leader. For bodies up to 64 MiB.
   * @throws MesosError
   */
  async state(): Promise<JsonObject> {
    const signal = timeoutSignal(STATE_TIMEOUT_MS);
    const { address, body } = await this.openState(signal);
    return objectIn(await whole(address, body, MAX_STATE_BYTES, signal), address);
  }

  /**
   * The state as it arrives, for those that may be huge.
   * @param signal ends it, the reading of the body included
   * @throws MesosError
   */
  openState(signal: AbortSignal): Promise<MesosStream> {
    return this.#openAt(this.#state, { method: 'GET' }, signal);
  }

  /**
   * A call of the v1 operator API with its answer as it arrives, such as SUBSCRIBE.
   * @throws MesosError; `absent` where this version has no such call
   */
  openCall(call: JsonObject, signal: AbortSignal): Promise<MesosStream> {
    const body = JSON.stringify(call);
    return this.#openAt(this.#api, { method: 'POST', body }, signal);
  }

  /**
   * A call of the v1 operator API, e.g. `{type: 'DEACTIVATE_AGENT', …}`.
   * @param abort ends it before its time is up
   * @returns its answer; undefined where that is empty, as of calls that change something
   * @throws MesosError with what Mesos said
   */
  async call(call: JsonObject, abort?: AbortSignal): Promise<JsonObject | undefined> {
    const timeout = timeoutSignal(CALL_TIMEOUT_MS);
    const signal = abort ? AbortSignal.any([timeout, abort]) : timeout;
    const { address, body } = await this.openCall(call, signal);
    const text = await whole(address, body, MAX_CALL_BYTES, signal);
    return text === '' ? undefined : objectIn(text, address);
  }

  /**
   * A client of another such process, asked in the same way: with these credentials, and encrypted where this one is.
   * @param hostAndPort as in `10.0.0.2:5050`
   */
  beside(hostAndPort: string): MesosClient {
    return new MesosClient({ ...this.#options, url: `${new URL(this.url).protocol}//${hostAndPort}` });
  }

  async close(): Promise<void> {
    await this.#local.close();
    await this.#leader?.close();
  }

  async #fetchFigures(): Promise<Figures> {
    const address = `${this.url}/metrics/snapshot`;
    const signal = timeoutSignal(FIGURES_TIMEOUT_MS);
    const { status, body } = await this.#ask(this.#local, `${this.#base}/metrics/snapshot`, { method: 'GET' }, signal);
    if (status !== 200) throw faultOfStatus(status, address, await readWhole(body, 64 * 1024).catch(() => ''));
    const reader = new FiguresReader();
    try {
      for await (const chunk of body) reader.write(chunk as Buffer);
      return Object.fromEntries(reader.end());
    } catch (cause) {
      body.destroy();
      if (cause instanceof SyntaxError) throw new MesosError('garbage', address, cause.message);
      throw unreachable(address, cause, signal);
    }
  }

  /** Begins where it was found last, and goes round once: an upgrade may have moved it. */
  async #openAt(place: Place, question: Question, signal: AbortSignal): Promise<MesosStream> {
    const { paths } = place;
    let first: unknown;
    for (let turn = 0; turn < paths.length; turn++) {
      const index = (place.known + turn) % paths.length;
      try {
        const answer = await this.#open(paths[index] ?? '', question, signal);
        place.known = index;
        return answer;
      } catch (error) {
        first ??= error;
        if (!(error instanceof MesosError && error.fault === 'absent')) throw error;
      }
    }
    place.known = 0;
    throw first;
  }

  /** Follows redirects to the leader (`Location: //host:port/…`), and takes only a 200. */
  async #open(path: string, question: Question, signal: AbortSignal): Promise<MesosStream> {
    let client = this.#local;
    let at = `${this.#base}${path}`;
    for (let hop = 0; hop <= MAX_HOPS; hop++) {
      const address = `${client.origin}${at}`;
      const { status, headers, body } = await this.#ask(client, at, question, signal);
      if (status === 200 || status === 202) return { address, body };
      const { location } = headers;
      if (status !== 307 || typeof location !== 'string')
        throw faultOfStatus(status, address, await readWhole(body, 64 * 1024).catch(() => ''));
      body.resume();
      const target = targetOf(location, address);
      client = await this.#clientOf(target.origin);
      at = `${target.pathname}${target.search}`;
    }
    throw new MesosError(
      'no-leader',
      `${this.url}${path}`,
      `redirected ${MAX_HOPS + 1} times: there is no leading master at present`,
    );
  }

  async #ask(client: HttpClient, path: string, question: Question, signal: AbortSignal): Promise<HttpStream> {
    const { method, body, accept = 'application/json' } = question;
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const headers = { accept, ...type, ...this.#headers };
    try {
      return await client.open({ method, path, headers, ...(body === undefined ? {} : { body }) }, signal);
    } catch (cause) {
      throw unreachable(`${client.origin}${path}`, cause, signal);
    }
  }

  async #clientOf(origin: string): Promise<HttpClient> {
    if (origin === this.#local.origin) return this.#local;
    if (this.#leader?.origin === origin) return this.#leader;
    await this.#leader?.close();
    this.#leader = new HttpClient(origin);
    return this.#leader;
  }
}

/** Credentials go along, so never from an encrypted connection to a plain one. */
function targetOf(location: string, address: string): URL {
  let target: URL;
  try {
    target = new URL(location, address);
  } catch {
    throw new MesosError('garbage', address, `redirects to ${JSON.stringify(cutToLength(location, 200))}, no address`);
  }
  const downgraded = address.startsWith('https:') && target.protocol !== 'https:';
  if (downgraded || !/^https?:$/.test(target.protocol))
    throw new MesosError('garbage', address, `redirects to ${target.origin}, which is not followed`);
  return target;
}

async function whole(address: string, body: Readable, maxBytes: number, signal: AbortSignal): Promise<string> {
  try {
    return await readWhole(body, maxBytes);
  } catch (cause) {
    if (cause instanceof AnswerTooLong) throw new MesosError('too-long', address, cause.message);
    throw unreachable(address, cause, signal);
  }
}

function unreachable(address: string, cause: unknown, signal: AbortSignal): MesosError {
  if (signal.aborted) return new MesosError('unreachable', address, messageOf(abortReason(signal)));
  return new MesosError('unreachable', address, 'does not answer', { cause });
}

function objectIn(text: string, address: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MesosError('garbage', address, 'no JSON object, or not all of one');
  }
  if (!isObject(value)) throw new MesosError('garbage', address, 'no JSON object');
  return value;
}
