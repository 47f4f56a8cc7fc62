/** A TCP proxy before a ZooKeeper server that fails in every way a network and a server can. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FrameReader } from '../../satellite-master/zookeeper/frames.ts';
import { freePort } from './free-port.ts';

export type ProxyMode =
  | 'pass'
  /** Connections are taken and stay; nothing goes through in either direction. */
  | 'black-hole'
  /** As black-hole, but what is sent is not even read: the client's buffers fill up. */
  | 'stalled'
  /** Requests go through, answers do not. */
  | 'no-answers'
  /** The server's answer to a handshake ends after ten bytes, and nothing follows. */
  | 'half-handshake';

/** The protocol's types of requests, as seen in {@link FaultProxy.requests}. */
export const REQUEST = { create: 1, getData: 4, sync: 9, ping: 11, multi: 14, auth: 100, setWatches: 101, close: -11 };

export class FaultProxy {
  readonly port: number;
  readonly #targetPort: number;
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #mode: ProxyMode = 'pass';
  /** The type of every request that came from clients since the start, in order. */
  readonly requests: number[] = [];
  /** Connections taken since the start. */
  connections = 0;
  /** Sends the half of the next answer, and cuts its connection. */
  cutNextAnswer = false;
  /** Puts this error code into the next answer. */
  nextErrorCode: number | undefined;
  /** Hears each request that comes from a client; 'drop' keeps it from the server. */
  onRequest: (type: number) => 'drop' | undefined = () => undefined;
  /** Hears each answer to a request, after it went to the client. */
  onAnswer: () => void = () => undefined;

  constructor(port: number, targetPort: number) {
    this.port = port;
    this.#targetPort = targetPort;
  }

  get connectString(): string {
    return `127.0.0.1:${this.port}`;
  }

  get mode(): ProxyMode {
    return this.#mode;
  }

  /** Holds for the connections there are and for those to come. What a black hole took stays lost. */
  set mode(mode: ProxyMode) {
    this.#mode = mode;
    for (const link of this.#links) link.modeChanged();
  }

  count(type: number): number {
    return this.requests.filter((seen) => seen === type).length;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = createServer((client) => this.#take(client));
      this.#server = server;
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
  }

  cutAll(): void {
    for (const link of [...this.#links]) link.cut();
  }

  /** Ends all after what was sent has arrived. */
  endAll(): void {
    for (const link of [...this.#links]) link.end();
  }

  /** Cuts all, and new connections are refused until {@link listen}. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.cutAll();
    await closed;
  }

  #take(client: Socket): void {
    this.connections++;
    const server = connect(this.#targetPort, '127.0.0.1');
    const link = new Link(this, client, server);
    this.#links.add(link);
    client.on('close', () => this.#links.delete(link));
  }
}

/** One client's connection and the one to the server that belongs to it. */
class Link {
  readonly #proxy: FaultProxy;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #fromClient = new FrameReader();
  readonly #fromServer = new FrameReader();
  #greeted = false;
  #handshaken = false;
  #swallows = false;

  constructor(proxy: FaultProxy, client: Socket, server: Socket) {
    this.#proxy = proxy;
    this.#client = client;
    this.#server = server;
    for (const socket of [client, server]) {
      socket.setNoDelay();
      socket.on('error', () => undefined);
    }
    client.on('data', (chunk) => this.#requested(chunk));
    server.on('data', (chunk) => this.#answered(chunk));
    client.on('close', () => server.destroy());
    server.on('close', () => {
      if (!this.#swallows) client.destroy();
    });
    this.modeChanged();
  }

  modeChanged(): void {
    if (this.#proxy.mode !== 'pass') this.#swallows ||= this.#proxy.mode !== 'half-handshake';
    if (this.#proxy.mode === 'stalled') this.#client.pause();
    else this.#client.resume();
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  end(): void {
    this.#swallows = true;
    this.#client.end();
    this.#server.destroy();
  }

  #requested(chunk: Buffer): void {
    const { mode } = this.#proxy;
    if (mode === 'black-hole' || mode === 'stalled') return;
    for (const frame of this.#fromClient.push(chunk)) {
      if (this.#greeted) {
        const type = frame.readInt32BE(8);
        this.#proxy.requests.push(type);
        if (this.#proxy.onRequest(type) === 'drop') continue;
      }
      this.#greeted = true;
      this.#server.write(frame);
    }
  }

  #answered(chunk: Buffer): void {
    if (this.#swallows) return;
    for (const frame of this.#fromServer.push(chunk)) {
      const numbered = this.#handshaken && frame.readInt32BE(4) >= 0;
      if (!this.#handshaken && this.#proxy.mode === 'half-handshake') {
        this.#client.write(frame.subarray(0, 10));
        this.#swallows = true;
        return;
      }
      this.#handshaken = true;
      if (numbered && this.#proxy.cutNextAnswer) {
        this.#proxy.cutNextAnswer = false;
        this.#client.end(frame.subarray(0, frame.length / 2));
        this.#server.destroy();
        return;
      }
      if (numbered && this.#proxy.nextErrorCode !== undefined) {
        frame.writeInt32BE(this.#proxy.nextErrorCode, 16);
        this.#proxy.nextErrorCode = undefined;
      }
      this.#client.write(frame);
      if (numbered) this.#proxy.onAnswer();
    }
  }
}

/** Listens, and passes to the server on that port of this machine. */
export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  const proxy = new FaultProxy(await freePort(), targetPort);
  await proxy.listen();
  return proxy;
}
