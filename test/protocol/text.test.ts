import { describe, expect, test } from 'bun:test';
import { byteLength, splitAtBytes, truncateAtLine } from '../../src/protocol/text.ts';

describe('splitAtBytes', () => {
  test.each<[string, string, number, [string, string]]>([
    ['text that fits is not split', 'hello', 5, ['hello', '']],
    ['ASCII is split at the byte', 'hello', 4, ['hell', 'o']],
    ['two bytes of a code point stay together', 'aaaé', 4, ['aaa', 'é']],
    ['three bytes stay together', 'aa€', 4, ['aa', '€']],
    ['four bytes stay together', 'a😀', 4, ['a', '😀']],
    ['four bytes that fit stay in the head', '😀😀', 4, ['😀', '😀']],
    ['empty text stays empty', '', 4, ['', '']],
  ])('%s', (_name, text, bytes, parts) => {
    expect(splitAtBytes(text, bytes)).toEqual(parts);
  });

  test('the parts are neither empty nor too long, and add up to the text', () => {
    const alphabet = ['a', 'é', '€', '😀', '\u0000', '\n', '\u0301', '👩‍👩‍👧'];
    for (let bytes = 4; bytes < 20; bytes++) {
      let rest = Array.from({ length: 50 }, (_, i) => alphabet[(i * bytes) % 8]).join('');
      const text = rest;
      let joined = '';
      while (rest !== '') {
        const [head, tail] = splitAtBytes(rest, bytes);
        expect(byteLength(head)).toBeLessThanOrEqual(bytes);
        expect(head).not.toBe('');
        expect(head.isWellFormed()).toBe(true);
        joined += head;
        rest = tail;
      }
      expect(joined).toBe(text);
    }
  });

  test('a lone surrogate counts as three bytes', () => {
    expect(splitAtBytes('\ud800x', 4)).toEqual(['\ud800x', '']);
    expect(byteLength('\ud800')).toBe(3);
  });
});

describe('truncateAtLine', () => {
  test.each<[string, string, number, string]>([
    ['text that fits is not shortened', 'a\nb', 4, 'a\nb'],
    ['text is shortened after a line', 'a\nbcd\nef', 7, 'a\nbcd\n'],
    ['a line that ends at the limit stays', 'a\nb\nc', 4, 'a\nb\n'],
    ['a long line is shortened within', 'a\nbcdefghi', 8, 'a\nbcdefg'],
    ['a code point stays whole', 'aaaé', 4, 'aaa'],
  ])('%s', (_name, text, bytes, expected) => {
    expect(truncateAtLine(text, bytes)).toBe(expected);
  });
});
