/**
 * Where ours answers otherwise than the original, on purpose: README's page on switching links to what is made of this
 * table (docs/differences-from-the-original.md). Rows are those of test/fixtures/rest-original.json.
 */
export interface Difference {
  readonly request: string;
  readonly original: string;
  readonly ours: string;
  readonly why: string;
  /** Our status for each recorded request of this group. */
  readonly rows: Readonly<Record<number, number>>;
  /** Recorded requests that are answered with the same status and show the difference in the body. */
  readonly seenIn?: readonly number[];
}

export const DIFFERENCES: readonly Difference[] = [
  {
    request: '`HEAD` on anything that takes `GET`',
    original: '405',
    ours: 'as `GET`, without the body',
    why: 'HTTP asks for it',
    rows: { 12: 200, 23: 200, 35: 404 },
  },
  {
    request: 'any request with `Accept-Charset`',
    original: '406 for anything but UTF-8',
    ours: 'the header is not looked at',
    why: 'HTTP has withdrawn it; everything is UTF-8',
    rows: { 18: 200 },
  },
  {
    request: 'an unknown method (`FOO`) on an unknown path',
    original: '404',
    ours: '501, as on a known path',
    why: 'the method is looked at first',
    rows: { 32: 501 },
  },
  {
    request: '`/state.json?task=ID`',
    original: "the agent's state as the task was first seen, pruned to it; with the agent's flags and resources",
    ours: 'as it was last seen, also after its end; of the agent only `id`, `hostname`, `pid`, `version`, `attributes`',
    why: 'the end is what is asked for; the rest is some kilobytes for each task and says nothing of it',
    rows: {},
  },
  {
    request: '`GET`, `DELETE /whitelist/host/{host}` of an unknown host',
    original: '200 with an empty body; `DELETE` 204; 400 where the host could be reached or had no DNS entry',
    ours: '404 `unknown-host`',
    why: 'the original documented 404; reading and removing a host asks no name server and no host',
    rows: { 34: 404, 36: 404, 37: 404, 38: 404, 39: 404, 40: 404, 50: 404, 51: 404, 156: 404, 157: 404 },
    seenIn: [194],
  },
  {
    request: 'a host name such as `3221225994`',
    original: 'an integer is an address',
    ours: '400 `bad-host-name`',
    why: 'a name needs a letter, an address its dots or colons: no agent registers under a bare number',
    rows: { 41: 400 },
  },
  {
    request: '`DELETE /whitelist/host/{host}/event/{id}` of an unknown host or an unknown event',
    original: '204, and the unknown host is created',
    ours: '404 `unknown-host` or `unknown-event`; no host is made',
    why: 'a typing error must not pass for done',
    rows: { 53: 404, 54: 404, 55: 404, 151: 404, 152: 404 },
  },
  {
    request: '`DELETE` of a host or an event',
    original: '204',
    ours: '200 with the record (of a host: as it was last)',
    why: 'every change answers the record',
    rows: { 150: 200, 155: 200, 159: 200, 191: 200, 192: 200 },
  },
  {
    request: '`POST …/event/{id}` with `ok` while another id says `critical`',
    original: 'the newest event decides: on',
    ours: 'any `critical` that stands decides: off; `"override": "true"` outweighs older ones',
    why: "one operator's `ok` must not undo another one's `critical` unnoticed",
    rows: {},
    seenIn: [64, 65, 66, 68],
  },
  {
    request: '`POST …/event/{id}` with state `warn` or `expired`',
    original: '201, without effect on the flag',
    ours: '400 `bad-event`; `ok` or `critical`',
    why: 'an event without effect is a misunderstanding; stored ones are shown and kept',
    rows: { 71: 400, 72: 404, 73: 400, 74: 404 },
    seenIn: [76, 158],
  },
  {
    request: 'a body without `Content-Type: application/json`',
    original: 'taken; as a form 400',
    ours: '415, which names the header to add',
    why: 'a page of another site can send the other types without asking',
    rows: { 79: 415, 80: 415, 81: 415 },
    seenIn: [149],
  },
  {
    request: 'a body that is almost JSON: commas missing, something behind it',
    original: 'taken',
    ours: '400 `bad-json` with line and column',
    why: 'what is not understood wholly is not done',
    rows: { 83: 400, 91: 400 },
  },
  {
    request: '`"ttl": 300` (a number), `"ttl": "30second"`, `"ttl": "7DAY"`',
    original: '400',
    ours: '201; a number is seconds, there are more units, and capitals are accepted',
    why: 'nothing else can be meant',
    rows: { 102: 201, 112: 201, 115: 201 },
  },
  {
    request: '`"ttl": "0day"`',
    original: '201, expired at once',
    ours: '400 `bad-event`',
    why: 'an override that never counts is a misunderstanding',
    rows: { 108: 400 },
  },
  {
    request: 'an event id with `;`',
    original: '404',
    ours: 'an id as any other',
    why: 'any text of 1-1,024 characters without control characters is an id',
    rows: { 141: 201 },
  },
  {
    request: 'an event id of 2,000 characters',
    original: '201',
    ours: '400: 1,024 characters at most',
    why: 'records are bounded',
    rows: { 143: 400 },
  },
  {
    request: '`POST …/event/{id}` for a host that can be reached',
    original: '400: the check was inverted',
    ours: '201; `host-check.reachable` asks that it can be',
    why: 'a defect of the original',
    rows: { 144: 201 },
  },
  {
    request: '`PUT …/event/{id}`',
    original: '405',
    ours: '201 where the event is new, else 200',
    why: 'the same request twice is the same event',
    rows: { 146: 201 },
  },
  {
    request: 'the lists while a record in ZooKeeper is broken',
    original: '500, and an empty whitelist file',
    ours: '200; the record is shown with `broken` and costs only itself',
    why: 'one bad node must not take the cluster down',
    rows: { 182: 200, 183: 200 },
  },
  {
    request: 'a description of 1.2 MB',
    original: 'never answered, and the writer was stuck',
    ours: '413',
    why: 'bodies are bounded (1 MiB), records too (256 KiB)',
    rows: { 193: 413 },
  },
  {
    request: '`prop-available-hosts` of an empty inventory',
    original: 'missing at first, 0 once there had been a host',
    ours: '0',
    why: 'a figure must not depend on what was before',
    rows: {},
    seenIn: [21, 161],
  },
  {
    request: '`GET` of a record',
    original: 'the stored keys',
    ours: 'besides `changed`: who changed it last, and why; `by` at every manual event; times with fractions',
    why: 'the original kept neither author nor reason',
    rows: {},
  },
  {
    request: 'errors',
    original: 'a line of text, now and then a page of HTML with a stack',
    ours: 'problem details (RFC 9457) with a stable `code`; with `Accept: text/plain` one line',
    why: 'programs read them too',
    rows: {},
  },
];

export function differencesPage(): string {
  const rows = DIFFERENCES.map(({ request, original, ours, why }) => `| ${request} | ${original} | ${ours} | ${why} |`);
  return `# REST: where Satellite answers otherwise than the original

Everything that was recorded from the original's REST service is asked of this one by a test
(\`test/satellite-master/http/original.test.ts\`); what is not in this table is answered with the same status and the
same meaning. The page is made from \`test/satellite-master/http/differences.ts\`: change it there, then
\`npx vitest run test/satellite-master/http/original.test.ts -u\`.

| request | original | ours | why |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
