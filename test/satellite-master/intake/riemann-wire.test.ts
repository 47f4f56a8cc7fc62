/** The recorded exchanges with a real Riemann (fixtures/riemann-wire.json), one after another against ours. */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../shared/riemann/decode.ts';
import { aClock } from '../../support/harness.ts';
import { RiemannClient, type RiemannMaster, startRiemann } from '../../support/riemann.ts';
import { until } from '../../support/until.ts';

interface Exchange {
  readonly name: string;
  readonly sent_hex: string;
  readonly replies?: readonly { readonly hex: string }[];
  readonly udp_replies?: readonly unknown[];
  readonly server_closed_ms?: number | null;
}

const { cases } = JSON.parse(readFileSync('test/fixtures/riemann-wire.json', 'utf8')) as { cases: readonly Exchange[] };

const OK = '1001';
/** Where ours answers otherwise, and why. */
const OURS: Readonly<Record<string, readonly string[] | 'closed'>> = {
  // docs/rules.md, "Differences from Riemann": a rule that throws is isolated; the rest is taken and answered ok.
  'no metric: second top-level stream throws': [OK],
  'no metric first, good event second, same Msg': [OK],
  'bad UTF-8 in service': [OK],
  // What was asked before the end is answered.
  'FIN right after a Msg': [OK],
  // A length of 1.2 GB: Riemann waits for it.
  'HTTP request': 'closed',
};
/** Recorded without their whole bytes. */
const CUT = new Set(['query true count', '20 MB Msg (200000 events)', 'udp 15 kB', 'udp 30 kB (> max-size 16384)']);
const CHUNKED = 'Msg in 1-byte chunks';
const FINISHED = new Set(['half a frame then FIN', 'FIN right after a Msg']);
/** Riemann passed over the event behind the one that failed (docs/rules.md, "Differences from Riemann"). */
const TAKEN_TOO: Readonly<Record<string, readonly object[]>> = {
  'query after: p6': [{ metric: 5, service: 'y', host: 'p6' }],
};
/** What the rules of that Riemann made of the events, and its events whose default ttl it does not tell. */
const MADE_THERE = new Set(['after', 'big']);
const PARSE_ERRORS = new Set(['query parse error', 'query empty']);

const clock = aClock();
let master: RiemannMaster;
beforeAll(async () => {
  master = await startRiemann({}, clock);
});
afterAll(() => master.close());

describe('the wire beside a real Riemann', () => {
  test.each(cases.filter(({ name }) => !CUT.has(name)))(
    '$name',
    async ({ name, sent_hex, replies, server_closed_ms, udp_replies }) => {
      const bytes = Buffer.from(sent_hex, 'hex');
      if (udp_replies) return sendDatagram(bytes);
      if (name === 'query p15 after the reaper') {
        // Theirs had died at once, by its own time; ours lives its ttl from the arrival on (docs/judgement.md, rule 4).
        for (let step = 0; step < 14; step++) {
          clock.advance(4_500);
          master.hub.tick();
        }
      }
      const client = await RiemannClient.connect(master.port);
      const expected = OURS[name] ?? (replies ?? []).map(({ hex }) => hex);
      const isClosed = expected === 'closed' || (server_closed_ms !== null && expected.length === 0);
      for (const part of name === CHUNKED ? bytes : [bytes])
        client.socket.write(typeof part === 'number' ? Buffer.of(part) : part);
      if (FINISHED.has(name)) client.socket.end();
      if (isClosed) await client.untilClosed();
      else await client.untilAnswers(expected.length);
      const answers = client.answers.map((answer) => answer.toString('hex'));
      if (isClosed) expect(answers).toEqual([]);
      else if (PARSE_ERRORS.has(name))
        expect(decodeMessage(client.answers[0] as Buffer)).toMatchObject({
          ok: false,
          error: /^parse error: column \d+: /,
        });
      else if (name.startsWith('query '))
        expect(eventsIn(answers[0])).toEqual([...eventsIn(String(expected[0])), ...(TAKEN_TOO[name] ?? [])]);
      else expect(answers).toEqual(expected);
      client.close();
    },
  );
});

/** Both sides' events as far as the senders told them; the other's clock ran on. */
function eventsIn(hex = ''): readonly object[] {
  const { events } = decodeMessage(Buffer.from(hex, 'hex'));
  return events
    .filter(({ service = '' }) => !MADE_THERE.has(service))
    .map(({ ttl: _, time: __, ...told }) => told)
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

async function sendDatagram(bytes: Buffer): Promise<void> {
  const before = await master.counted('riemann_messages_total', 'udp');
  const socket = createSocket('udp4');
  socket.on('message', () => expect.unreachable('UDP is never answered'));
  socket.send(bytes, master.udpPort, '127.0.0.1');
  await until(async () => (await master.counted('riemann_messages_total', 'udp')) > before, { what: 'the datagram' });
  socket.close();
}
