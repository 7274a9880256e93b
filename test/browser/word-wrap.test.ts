// Wrapped lines as a terminal shows them, rendered with xterm.
import { Terminal } from '@xterm/xterm';
import { describe, expect, test } from 'bun:test';
import { createWordWrap } from '../../src/browser/word-wrap.ts';

/** Returns the lines of a terminal `cols` wide after the pieces are written one by one. */
async function render(cols: number, ...pieces: string[]): Promise<string[]> {
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
const WRAPPED = ['The quick', 'brown fox', 'jumps over', 'the lazy', 'dog.'];

describe('text', () => {
  test('is wrapped between words', async () => {
    expect(await render(10, TEXT)).toEqual(WRAPPED);
  });

  test('is wrapped the same way however it is split into pieces', async () => {
    for (let size = 1; size < 8; size += 1) {
      const pieces = TEXT.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
      expect(await render(10, ...pieces)).toEqual(WRAPPED);
    }
  });

  test('that fits is unchanged, up to the last column', async () => {
    expect(await render(9, 'The quick\nbrown fox\n')).toEqual(['The quick', 'brown fox']);
    expect(createWordWrap().wrap('The quick\n', 9)).toBe('The quick\n');
  });

  test('keeps the indentation on continuation lines', async () => {
    expect(await render(14, '  1. one two three four\nfive six seven')).toEqual([
      '  1. one two',
      '  three four',
      'five six seven',
    ]);
  });

  test('breaks a word longer than a line at the last column', async () => {
    expect(await render(10, 'see https://example.com/a/b now')).toEqual([
      'see',
      'https://ex',
      'ample.com/',
      'a/b now',
    ]);
  });

  test('keeps its colors across a line break', () => {
    const { wrap } = createWordWrap();
    const out = wrap('ab \u001b[31mcd\u001b[39m', 4);
    expect(out).toContain('\n\u001b[31mcd\u001b[39m');
  });

  test('counts wide characters as two columns and combining marks as none', async () => {
    expect(await render(8, 'ab 你好 cd')).toEqual(['ab 你好', 'cd']);
    expect(await render(6, 'ab e\u0301e\u0301 cd')).toEqual(['ab e\u0301e\u0301', 'cd']);
  });

  test('starts over after a reset', () => {
    const { wrap, reset } = createWordWrap();
    wrap('some words', 12);
    reset();
    expect(wrap('twelve chars', 12)).toBe('twelve chars');
  });
});
