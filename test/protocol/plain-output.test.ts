// Terminal output as plain text.
import { describe, expect, test } from 'bun:test';
import { createPlainOutput } from '../../src/protocol/plain-output.ts';

function convert(...chunks: string[]): string {
  const plain = createPlainOutput();
  return [...chunks.map((chunk) => plain.write(chunk)), plain.end()].join('');
}

describe('plain output', () => {
  const cases: [name: string, output: string, text: string][] = [
    ['text', 'ok\nnot ok\n', 'ok\nnot ok\n'],
    ['a last line without a line break', 'ok\n> ', 'ok\n> '],
    ['colors', '\u001b[1;31mred\u001b[0m\n', 'red\n'],
    [
      'titles and links',
      '\u001b]0;title\u0007a\u001b]8;;http://x\u001b\\b\u001b]8;;\u001b\\\n',
      'ab\n',
    ],
    ['character sets and keypad modes', '\u001b(B\u001b=\u001b>x\u001b7\u001b8\n', 'x\n'],
    ['progress bars', '10 %\r50 %\r100 %\n', '100 %\n'],
    ['line ends of terminals', 'a\r\nb\r\n', 'a\nb\n'],
    ['shorter text over a longer one', 'abcdef\rxy\n', 'xycdef\n'],
    ['backspaces', 'ab\b\bcd\n', 'cd\n'],
    ['other control characters', 'a\u0007b\u0000c\td\n', 'abc\td\n'],
    ['characters outside of the BMP', '😀a\r😁\n', '😁a\n'],
  ];
  for (const [name, output, text] of cases) {
    test(name, () => expect(convert(output)).toBe(text));
    test(`${name}, one character at a time`, () => expect(convert(...output.split(''))).toBe(text));
  }
});

test('a line is returned as soon as it is complete', () => {
  const plain = createPlainOutput();
  expect([plain.write('one\ntw'), plain.write('o\n'), plain.end()]).toEqual(['one\n', 'two\n', '']);
});
