import { describe, expect, test } from 'bun:test';
import { byteLength, splitAtBytes } from '../../src/protocol/text.ts';

describe('cut', () => {
  test.each<[string, string, number, [string, string]]>([
    ['what fits stays whole', 'hello', 5, ['hello', '']],
    ['ASCII is cut at the byte', 'hello', 4, ['hell', 'o']],
    ['two bytes are not parted', 'aaaé', 4, ['aaa', 'é']],
    ['three bytes are not parted', 'aa€', 4, ['aa', '€']],
    ['four bytes are not parted', 'a😀', 4, ['a', '😀']],
    ['four bytes that fit are taken', '😀😀', 4, ['😀', '😀']],
    ['nothing from nothing', '', 4, ['', '']],
  ])('%s', (_name, text, bytes, pieces) => {
    expect(splitAtBytes(text, bytes)).toEqual(pieces);
  });

  test('however text is cut, the pieces make it whole again, and none is too long or empty', () => {
    const alphabet = ['a', 'é', '€', '😀', '\u0000', '\n', '\u0301', '👩‍👩‍👧'];
    for (let bytes = 4; bytes < 20; bytes++) {
      let rest = Array.from({ length: 50 }, (_, i) => alphabet[(i * bytes) % 8]).join('');
      const whole = rest;
      let together = '';
      while (rest !== '') {
        const [head, tail] = splitAtBytes(rest, bytes);
        expect(byteLength(head)).toBeLessThanOrEqual(bytes);
        expect(head).not.toBe('');
        expect(head.isWellFormed()).toBe(true);
        together += head;
        rest = tail;
      }
      expect(together).toBe(whole);
    }
  });

  test('half a code point on its own passes as three bytes', () => {
    expect(splitAtBytes('\ud800x', 4)).toEqual(['\ud800x', '']);
    expect(byteLength('\ud800')).toBe(3);
  });
});
