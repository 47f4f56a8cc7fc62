/**
 * The default rules: this very file runs where the settings name no `"streams"`. To have rules of your own, begin with
 * a copy of it (docs/rules.md).
 *
 * Every report is in the index before it comes here, and what runs past its ttl comes once more, as `expired`.
 */
import type { Satellite } from 'satellite';

export default ({ where, service, judgeTests }: Satellite) => [
  // A host is off while one of its tests is critical or all are silent, and on when all are well (docs/judgement.md).
  where(service(/^mesos\/slave\//), judgeTests()),
];
