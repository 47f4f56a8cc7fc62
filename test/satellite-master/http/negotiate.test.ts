import { expect, test } from 'vitest';
import { negotiate } from '../../../satellite-master/http/negotiate.ts';
import { JSON_ONLY, JSON_OR_TEXT } from '../../../satellite-master/http/route.ts';

test.each<[string | undefined, string]>([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['application/json', 'json'],
  ['application/json; charset=utf-8', 'json'],
  ['application/json;q=2', 'json'],
  ['APPLICATION/JSON', 'json'],
  ['text/plain', 'text'],
  ['text/plain;version=0.0.4', 'text'],
  ['text/*', 'text'],
  ['text/plain, */*', 'text'],
  ['text/plain, */*;q=0.1', 'text'],
  ['application/json, text/plain, */*', 'json'],
  ['text/plain, application/json', 'json'],
  ['text/plain;q=0.5, application/json;q=0.4', 'text'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'json'],
  ['application/json;q=0, */*', 'text'],
])('Accept %j gives %s', (accept, form) => {
  expect(negotiate(accept, JSON_OR_TEXT)).toBe(form);
});

test.each(['text/html', 'application/json;q=0', 'image/*, text/html', 'text/plain;q=nonsense'])(
  'Accept %j is not to be had',
  (accept) => {
    expect(() => negotiate(accept, JSON_OR_TEXT)).toThrowError(expect.objectContaining({ code: 'not-acceptable' }));
  },
);

test('text is not to be had where only JSON is offered', () => {
  expect(() => negotiate('text/plain', JSON_ONLY)).toThrowError('to be had as application/json');
});

test('where nothing is offered to choose from, nothing is refused', () => {
  expect(negotiate('application/openmetrics-text', [])).toBe('json');
});
