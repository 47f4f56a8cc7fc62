import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RULE_TEXTS } from '../../../satellite-master/http/rule-texts.ts';

test('the texts of the rules are those of docs/judgement.md, all of them', () => {
  const page = readFileSync('docs/judgement.md', 'utf8');
  const headings = [...page.matchAll(/^### Rule (\w+)\n\n\*\*(.*?)\*\*/gms)];
  expect(headings).toHaveLength([...page.matchAll(/^### Rule /gm)].length);
  expect([...RULE_TEXTS]).toEqual(headings.map(([, id, text]) => [id, text?.replace(/\s+/g, ' ')]));
});
