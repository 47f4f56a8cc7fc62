/** `/whitelist/manual…`: the override of one host as a whole, and of many at once. */
import type { HostName } from '../../shared/host-name.ts';
import type { Changed, Listing, Operators } from '../whitelist/operators/index.ts';
import { parseChangeNote, parseManyOverrides, parseManyWithdrawals, parseOverride } from './change.ts';
import { type Answer, JSON_OR_TEXT, type Route } from './route.ts';
import { withWarnings } from './warnings.ts';

export function manualRoutes(listing: Listing, operators: Operators): Route[] {
  const one = '/whitelist/manual/:host';
  const many = '/whitelist/manual';
  const write = { right: 'write', forms: JSON_OR_TEXT } as const;
  return [
    {
      method: 'GET',
      path: one,
      right: 'read',
      forms: JSON_OR_TEXT,
      handle(call) {
        const override = listing.override(call.host());
        return { json: override, text: () => override.flag ?? 'none' };
      },
    },
    {
      ...write,
      method: 'PUT',
      path: one,
      async handle(call) {
        const host = call.host();
        const changed = await operators.replaceOverrides([host], parseOverride(await call.body()), call.actor);
        return answerOfOne(host, changed);
      },
    },
    {
      ...write,
      method: 'DELETE',
      path: one,
      async handle(call) {
        const host = call.host();
        const changed = await operators.withdrawOverrides([host], parseChangeNote(await call.body()), call.actor);
        return answerOfOne(host, changed);
      },
    },
    {
      ...write,
      method: 'PUT',
      path: many,
      async handle(call) {
        const { hosts, change } = parseManyOverrides(await call.body());
        return answerOfMany(await operators.replaceOverrides(hosts, change, call.actor));
      },
    },
    {
      ...write,
      method: 'DELETE',
      path: many,
      async handle(call) {
        const { hosts, note } = parseManyWithdrawals(await call.body());
        return answerOfMany(await operators.withdrawOverrides(hosts, note, call.actor));
      },
    },
  ];
}

function answerOfOne(host: HostName, changed: ReadonlyMap<HostName, Changed>): Answer {
  const one = changed.get(host);
  const answer = { status: one?.isNewHost ? 201 : 200, json: one?.record, text: () => `${host} updated.` };
  return withWarnings(answer, one?.warnings ?? []);
}

function answerOfMany(changed: ReadonlyMap<HostName, Changed>): Answer {
  const records = [...changed].map(([host, { record }]) => [host, record] as const);
  const answer = {
    json: Object.fromEntries(records),
    text: () => records.map(([host]) => `${host} updated.`).join('\n'),
  };
  return withWarnings(
    answer,
    [...changed.values()].flatMap(({ warnings }) => warnings),
  );
}
