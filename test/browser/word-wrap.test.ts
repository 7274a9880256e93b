// Lines broken between words, looked at as a terminal shows them: with xterm's own parser.
import { Terminal } from '@xterm/xterm';
import { describe, expect, test } from 'bun:test';
import { createWordWrap } from '../../src/browser/word-wrap.ts';

/** What stands on a terminal of so many columns after these pieces came one by one. */
async function shown(cols: number, ...pieces: string[]): Promise<string[]> {
  const terminal = new Terminal({ cols, rows: 12, convertEol: true, allowProposedApi: true });
  const { wrap } = createWordWrap();
  for (const piece of pieces) {
    await new Promise<void>((resolve) => terminal.write(wrap(piece, cols), resolve));
  }
  const { active } = terminal.buffer;
  const lines = Array.from(
    { length: active.length },
    (_, row) => active.getLine(row)?.translateToString(true).trimEnd() ?? '',
  );
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
}

const TEXT = 'The quick brown fox jumps over the lazy dog.';
const BROKEN = ['The quick', 'brown fox', 'jumps over', 'the lazy', 'dog.'];

describe('text', () => {
  test('is broken between words', async () => {
    expect(await shown(10, TEXT)).toEqual(BROKEN);
  });

  test('reads the same in whatever pieces it comes', async () => {
    for (let size = 1; size < 8; size += 1) {
      const pieces = TEXT.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
      expect(await shown(10, ...pieces)).toEqual(BROKEN);
    }
  });

  test('that fits is left as it is, to the last column', async () => {
    expect(await shown(9, 'The quick\nbrown fox\n')).toEqual(['The quick', 'brown fox']);
    expect(createWordWrap().wrap('The quick\n', 9)).toBe('The quick\n');
  });

  test('goes on under its indent', async () => {
    expect(await shown(14, '  1. one two three four\nfive six seven')).toEqual([
      '  1. one two',
      '  three four',
      'five six seven',
    ]);
  });

  test('with a word longer than a line is broken where the line ends', async () => {
    expect(await shown(10, 'see https://example.com/a/b now')).toEqual([
      'see',
      'https://ex',
      'ample.com/',
      'a/b now',
    ]);
  });

  test('keeps its colours across a break', () => {
    const { wrap } = createWordWrap();
    const out = wrap('ab \u001b[31mcd\u001b[39m', 4);
    expect(out).toContain('\n\u001b[31mcd\u001b[39m');
  });

  test('counts wide characters as two, and marks as none', async () => {
    expect(await shown(8, 'ab 你好 cd')).toEqual(['ab 你好', 'cd']);
    expect(await shown(6, 'ab e\u0301e\u0301 cd')).toEqual(['ab e\u0301e\u0301', 'cd']);
  });

  test('after a line of somebody else begins anew', () => {
    const { wrap, reset } = createWordWrap();
    wrap('some words', 12);
    reset();
    expect(wrap('twelve chars', 12)).toBe('twelve chars');
  });
});
