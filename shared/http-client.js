/** The one way to ask another HTTP service: keep-alive, a time limit for the whole exchange, a limit for the body. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
/** A client of one address. */
export class HttpClient {
    origin;
    #agent;
    /** @param origin as in `http://host:port` */
    constructor(origin, tls = {}) {
        this.origin = origin;
        const pem = (path) => (path === undefined ? undefined : readFileSync(path, 'utf8'));
        this.#agent = new Agent({
            connections: 2,
            pipelining: 1,
            keepAliveTimeout: 75_000,
            connect: { timeout: 10_000, ca: pem(tls.ca), cert: pem(tls.cert), key: pem(tls.key) },
        });
    }
    /** @throws what the network throws, or a plain Error for a time-out or an answer over the limit */
    async send({ method, path, headers = {}, body, timeoutMs, mostBytes }) {
        const signal = AbortSignal.timeout(timeoutMs);
        try {
            const answer = await request(`${this.origin}${path}`, {
                method,
                headers,
                body: body ?? null,
                signal,
                dispatcher: this.#agent,
            });
            const parts = [];
            let bytes = 0;
            for await (const part of answer.body) {
                bytes += part.length;
                if (bytes > mostBytes) {
                    answer.body.destroy();
                    throw new Error(`the answer is longer than ${mostBytes} bytes`);
                }
                parts.push(part);
            }
            return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts).toString('utf8') };
        }
        catch (error) {
            if (signal.aborted)
                throw new Error(`no answer within ${timeoutMs} ms`, { cause: undefined });
            throw error;
        }
    }
    async close() {
        await this.#agent.destroy();
    }
}
