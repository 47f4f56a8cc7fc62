/** Every request that was recorded from the original's REST service, asked of ours in the same order. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, type Reply } from '../../support/ask.ts';
import { type HttpMaster, hostName, startHttpMaster } from '../../support/http-master.ts';
import { DIFFERENCES, differencesPage } from './differences.ts';

interface Row {
  readonly name: string;
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly response?: { readonly status?: number; readonly body?: string };
  readonly zookeeper_changed_to?: Readonly<Record<string, { readonly data: string }>>;
}

const { table } = JSON.parse(readFileSync(new URL('../../fixtures/rest-original.json', import.meta.url), 'utf8')) as {
  readonly table: readonly Row[];
};

const statusOnPurpose = new Map(DIFFERENCES.flatMap(({ rows }) => Object.entries(rows)).map(([at, s]) => [+at, s]));
const bodyOnPurpose = new Set(
  DIFFERENCES.flatMap(({ rows, seenIn = [] }) => [...Object.keys(rows).map(Number), ...seenIn]),
);
const requests = table.flatMap((row, at) => (row.request ? [{ at, title: `${at} ${row.name}` }] : []));

describe('the recorded requests', () => {
  let master: HttpMaster;
  const replies = new Map<number, Reply>();

  beforeAll(async () => {
    master = await startHttpMaster();
    for (const [at, row] of table.entries()) {
      if (row.request) replies.set(at, await askAs(row.request));
      else await replayOutside(row);
      // The original refused this one; without it the records stay comparable.
      if (row.name === 'event post reachable') await ask(master.url, '/whitelist/host/127.0.0.1', { method: 'DELETE' });
    }
  });
  afterAll(() => master.close());

  test.each(requests)('$title', ({ at }) => {
    const original = table[at]?.response;
    const reply = replies.get(at);
    expect({ status: reply?.status, text: reply?.text }).toMatchObject({
      status: statusOnPurpose.get(at) ?? original?.status,
    });
    if (table[at]?.request?.method !== 'GET' || original?.status !== 200 || bodyOnPurpose.has(at)) return;
    expect(meaningOf(reply?.text)).toEqual(meaningOf(original.body));
  });

  test('an ok beside a standing critical leaves the host off', () => {
    expect(replies.get(64)?.json).toMatchObject({ 'manual-flag': 'off', 'manual-events': { m2: { state: 'ok' } } });
    expect(replies.get(65)?.json).toEqual({});
    expect(replies.get(66)?.json).toHaveProperty(['192.0.2.10']);
  });

  test('a broken record is shown as broken among the others', () => {
    expect(replies.get(182)?.json).toHaveProperty('broken', {
      'managed-events': {},
      'manual-events': {},
      'managed-flag': null,
      'manual-flag': null,
      broken: 'it is empty',
    });
    expect(replies.get(183)?.json).not.toHaveProperty('broken');
  });

  function askAs({ method, path, headers = {}, body }: NonNullable<Row['request']>): Promise<Reply> {
    // The recording has cut these two short.
    const wholePath = path.replace(/x+\.\.\.\(2033 chars\)$/, 'x'.repeat(2000));
    const wholeBody = body?.replace(/d+\.\.\.\(1200031 chars\)$/, `${'d'.repeat(1_200_000)}"}`);
    return ask(master.url, wholePath, { method, headers, ...(body === undefined ? {} : { body: wholeBody }) });
  }

  /** What was done past REST: nodes made and deleted by hand, and what the original's automation wrote. */
  async function replayOutside({ name, zookeeper_changed_to: nodes = {} }: Row): Promise<void> {
    const [, action, host = '', data = ''] =
      /^zookeeper (create|delete) \/satellite\/whitelist\/(\S+)(?: data=(.*))?$/.exec(name) ?? [];
    if (action) return lay(host, action === 'create' ? data : null);
    for (const [node, { data }] of Object.entries(nodes)) {
      const managed = /^\/satellite\/whitelist\/(h[A-C])$/.exec(node)?.[1];
      if (managed) await lay(managed, data);
    }
  }

  async function lay(name: string, data: string | null): Promise<void> {
    const host = hostName(name);
    const there = await master.store.read(host);
    await master.store.commit([{ host, expect: there?.version ?? 'absent', data }]);
  }
});

test('the page of differences is the table of differences', async () => {
  await expect(differencesPage()).toMatchFileSnapshot('../../../docs/differences-from-the-original.md');
});

/** Without what may differ: times, authors, and keys that are left out or null. */
function meaningOf(body: string | undefined): unknown {
  return JSON.parse(body ?? '', (key, value: unknown) => {
    const isEmpty = value === null || (key.endsWith('-events') && Object.keys(value as object).length === 0);
    return ['changed', 'time', 'by'].includes(key) || isEmpty ? undefined : value;
  });
}
