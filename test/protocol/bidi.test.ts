import { expect, test } from 'bun:test';
import { revealBidi } from '../../src/protocol/bidi.ts';

test('characters that change the direction of text become visible', () => {
  const controls = [
    0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069,
  ];
  for (const control of controls) {
    const code = control.toString(16).toUpperCase().padStart(4, '0');
    expect(revealBidi(`a${String.fromCharCode(control)}b`)).toBe(`a[U+${code}]b`);
  }
});

test('other text stays as it is, also Arabic, Hebrew and emoji', () => {
  const text = 'a\n\t\u0000 عربي עברית 👩‍👩‍👧 \u200d';
  expect(revealBidi(text)).toBe(text);
});
