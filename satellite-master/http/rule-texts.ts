/** The rules of judgement in one sentence each: the headings of docs/judgement.md, which a test compares with this table. */
export const RULE_TEXTS: ReadonlyMap<string, string> = new Map([
  ['1', '`ok` and `warning` are fit, `unknown` changes nothing, `critical` and every other state are unfit.'],
  ['1a', 'A check that could not run is `unknown`; a check that ran into its time-out is `critical`.'],
  ['1b', 'With `attempts` n, a failing check is `warning` until it has failed n times in a row.'],
  ['2', 'All tests of a host are judged together, over the live reports and the managed events in the record.'],
  ['3', 'A host is judged when a report arrives or a ttl ends, never on a polling interval.'],
  ['4', 'The ttl of a report starts when the report arrives, on the monotonic clock of the master that receives it.'],
  [
    '5',
    'One silent test among others counts as `unknown`; when all tests are silent, the host is silent and goes off.',
  ],
  [
    '6',
    'Silence is judged only for what this master has heard since it started, or for what a managed event in the record says.',
  ],
  ['6a', 'A stored managed event that is expired takes nobody off.'],
  ['7', 'The master doubts itself first: when too many hosts fall silent at once, it takes none of them off.'],
  ['7a', 'The size of a wave of silence is measured by `managed-off-limit` alone, and the wave is one event.'],
  [
    '8',
    'Automation holds at most `max(1, floor(managed-off-limit × inventory))` hosts off, and never takes the last host off the merged list.',
  ],
  [
    '9',
    'Critical hosts go before silent ones, then those with more critical tests, then those that are ill for longer, then by name.',
  ],
  [
    '10',
    'With ZooKeeper, each managed "off" checks and raises the version of `<zookeeper-root>/automation` in the same transaction.',
  ],
  ['11', 'A host counts for the guard once Mesos knows it, or after an hour.'],
  [
    '12',
    'A host that automation took off goes on after it has been fit without a break for `min(most, first × 2^relapses)` of `readmit-after`.',
  ],
  ['13', "The number of relapses is stored in the host's record, as the managed event `satellite/readmission`."],
  [
    '14',
    'A managed event is written when a service becomes unfit or its description changes, and removed when the service is fit again or dropped.',
  ],
  [
    '15',
    'Any unexpired `critical` means off; otherwise any unexpired `ok` means on; otherwise the manual list has no opinion.',
  ],
  ['16', '`PUT /whitelist/host/HOST/on` that would leave the host off answers 409 `outweighed` and stores nothing.'],
  [
    '17',
    '`PUT /whitelist/manual/HOST` replaces all manual events of the host by one with the id `manual`; `DELETE` withdraws all.',
  ],
  ['18', 'A host with no flag on either list is in the inventory and off. The guard does not count it.'],
  ['19', 'Every `on` and `ok` by hand has to pass `host-check`; `off` and `critical` never do.'],
  [
    '20',
    'On the first start, every valid line of the existing whitelist file becomes a record with the managed flag on, before the file is written.',
  ],
  ['20a', '"First start" is decided per file, and a store that already holds records is never filled from a file.'],
  [
    '21',
    '`DELETE /whitelist/host/HOST` removes the host everywhere; only a report that arrives later creates it again.',
  ],
  ['22', 'A broken record is named, and its last good state decides until the master restarts.'],
  ['22a', 'A host whose record is broken when the master starts stays as the file on disk has it.'],
  [
    '23',
    'A managed flag that another program changed is left alone for `readmit-after.first` and counted as `foreign-writer`.',
  ],
  ['24', 'The file is held when the merged list is empty, unless every host is off by hand or was deleted by hand.'],
  [
    '24a',
    "The file is held when more hosts disappear from the store without a delete than the guard's share of the known names.",
  ],
  ['24b', 'After damage to the embedded store the file is held until an operator confirms the rescued content.'],
  ['25', 'Every master takes all reports and runs all rules; only the leader writes what the rules want.'],
  ['26', 'Without ZooKeeper the master leads if its mesos-master is the elected one, or if no Mesos is configured.'],
  [
    '26a',
    'With ZooKeeper, automation is led by the holder of an ephemeral node; the master beside the elected mesos-master has precedence.',
  ],
  ['27', 'Every master removes expired manual events, by version. The managed side waits for a leader.'],
  ['27a', 'Manual events are written, read and expired by the clock of the store.'],
  [
    '28',
    'When the store is lost, reports are still judged, reads are answered from memory, writes get 503, and the file stays.',
  ],
  ['29', 'A host on which tasks fail that work elsewhere is a black hole; in doubt nobody is blamed.'],
  ['30', 'A rules module judges hosts only if it contains `judgeTests`, `offHost`, `onHost` or `persistEvent`.'],
]);
