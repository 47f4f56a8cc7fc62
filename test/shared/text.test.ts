import { describe, expect, it } from 'vitest';
import { cutToLength, escapeControls } from '../../shared/text.ts';

const escapeAnd = (character: string) => character.replace('&', '&amp;');

describe('cutToLength', () => {
  it.each([
    ['a', 5, 'a'],
    ['abcdef', 5, 'abcde'],
    ['abcd😀', 5, 'abcd'],
    ['abcd😀', 6, 'abcd😀'],
    ['abc😀e', 5, 'abc😀'],
    ['a\ud83d', 5, 'a\ufffd'],
    ['\ude00a', 5, '\ufffda'],
    ['abcdef\ud83d', 3, 'abc'],
  ])('cuts %j to %i units within no character: %j', (text, length, cut) => {
    expect(cutToLength(text, length)).toBe(cut);
  });

  it('counts what is shown, and cuts within no escape', () => {
    expect(cutToLength('a&b', 6, escapeAnd)).toBe('a&amp;');
    expect(cutToLength('a&b', 5, escapeAnd)).toBe('a');
    expect(cutToLength('ab\u0000c', 7, escapeControls)).toBe('ab');
    expect(cutToLength('ab\u0000c', 8, escapeControls)).toBe('ab\\u0000');
  });
});
