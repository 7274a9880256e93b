// Static output shows what a terminal shows in the end, for programs that overwrite their output.
import { describe, expect, test } from 'bun:test';
import { array, assert, constantFrom, property, string, stringMatching } from 'fast-check';
import { createTerminalText, type LineRange } from '../../../views/format/terminal-text.ts';

function renderPieces(pieces: string[], range: LineRange | null = null) {
  const text = createTerminalText(range);
  for (const piece of pieces) text.add(piece, 'stdout');
  return text.finish();
}

const readText = (lines: { runs: { text: string }[] }[]) =>
  lines.map(({ runs }) => runs.map(({ text }) => text).join(''));
const show = (...pieces: string[]) => readText(renderPieces(pieces).first);

describe('text', () => {
  test.each([
    ['lines', 'a\nb\n', ['a', 'b']],
    ['no end of the last line', 'a\nb', ['a', 'b']],
    ['empty lines, except at the end', 'a\n\nb\n\n\n', ['a', '', 'b']],
    ['CRLF', 'a\r\nb\r\n', ['a', 'b']],
    ['a progress bar', '10 %\r50 %\r100 %\n', ['100 %']],
    ['a shorter text over a longer one', 'abcdef\rxy\n', ['xycdef']],
    ['an erased line', 'abcdef\r\u001b[Kxy\n', ['xy']],
    ['a line erased up to the cursor', 'abc\u001b[1K\u001b[2Dx\n', [' x']],
    ['a backspace', 'abx\bc\n', ['abc']],
    ['tabs', 'a\tb\n', ['a       b']],
    ['lines that are written again', 'one\ntwo\n\u001b[2Aonce\u001b[K\n\n', ['once', 'two']],
    ['a column', 'abc\u001b[2Gx\n', ['axc']],
    ['deleted and erased characters', 'abcd\u001b[4D\u001b[P\u001b[1C\u001b[Xx\n', ['bxd']],
    ['a saved position', 'ab\u001b7cd\u001b8X\n', ['abXd']],
    ['a cleared screen', 'old\n\u001b[H\u001b[2Jnew\n', ['new']],
    [
      'titles and links',
      '\u001b]0;title\u0007a\u001b]8;;http://x\u001b\\b\u001b]8;;\u001b\\\n',
      ['ab'],
    ],
    ['private sequences', '\u001b[?25l\u001b[>4;1ma\u001b(B\u001b=\n', ['a']],
    ['full-screen programs', 'a\n\u001b[?1049h\u001b[2J~\r\n~\u001b[?1049lb\n', ['a', 'b']],
    ['bells and other control characters', 'a\u0007\u0000b\u009b\n', ['ab']],
    ['wide and combined characters', 'héllo 😀 漢\n', ['héllo 😀 漢']],
    ['nothing', '', []],
  ])('shows %s', (_, output, lines) => {
    expect(show(output)).toEqual(lines);
    // The agent cuts its output anywhere.
    expect(show(...Array.from(output))).toEqual(lines);
  });

  test('a line far above the last one does not change any more', () => {
    const lines = Array.from({ length: 400 }, (_, index) => `${index}`);
    expect(show(`${lines.join('\n')}\u001b[9999A!\n`)).toHaveLength(400);
  });

  test('a cursor far away creates no line of that length', () => {
    expect(show('\u001b[99999999Cx\n')[0]?.length).toBeLessThan(5_000);
    expect(show('\u001b[99999999;5Hx\n').length).toBeLessThan(100);
  });

  test('any output keeps its printable text if nothing is overwritten', () => {
    const printable = string({ unit: constantFrom(...Array.from('abc <>&"\'\u001b[0m\n')) });
    assert(
      property(array(stringMatching(/^[a-z <>&]*$/)), (lines) => {
        const shown = show(lines.map((line) => `${line}\n`).join(''));
        expect(shown).toEqual(lines.slice(0, lines.findLastIndex((line) => line !== '') + 1));
      }),
    );
    assert(property(printable, (output) => show(output).length >= 0));
  });
});

test('a program that draws more than 24 rows is not cut off at the top', () => {
  const frame = (name: string) =>
    Array.from({ length: 40 }, (_, index) => `${name} ${index}\u001b[K\n`).join('');
  const shown = Array.from({ length: 40 }, (_, index) => `second ${index}`);
  expect(show(`start\n${frame('first')}\u001b[40A${frame('second')}`)).toEqual(['start', ...shown]);
  const last = show(`\u001b[H${frame('first').trimEnd()}\u001b[40;1Hsecond 39\u001b[1;1H`);
  expect(last).toHaveLength(40);
  expect(last[39]).toBe('second 39');
});

test('a line feed keeps the column on an interactive terminal only', () => {
  const feed = (output: string, isInteractive: boolean) => {
    const text = createTerminalText(null, isInteractive);
    text.add(output, 'stdout');
    return readText(text.finish().first);
  };
  expect(feed('a\r\nab\nc\r\nd', true)).toEqual(['a', 'ab', '  c', 'd']);
  expect(feed('a\r\nab\nc\r\nd', false)).toEqual(['a', 'ab', 'c', 'd']);
  // The agent may have run it before it was started with --pty.
  expect(feed('ab\nc\r\nd\ne', true)).toEqual(['ab', 'c', 'd', 'e']);
});

test('links of the program keep their target, whatever style they have', () => {
  const link = (target: string) =>
    renderPieces([
      `\u001b]8;id=1;${target}\u001b\\a\u001b[31mb\u001b[mc\u001b]8;;\u0007d\n`,
    ]).first[0]?.runs.map(({ text, style }) => [text, style.link, style.foreground]);
  expect(link('https://example.com/é')).toEqual([
    ['a', 'https://example.com/%C3%A9', null],
    ['b', 'https://example.com/%C3%A9', 1],
    ['c', 'https://example.com/%C3%A9', null],
    ['d', undefined, null],
  ]);
  for (const target of ['javascript:alert(1)', 'file:///etc/passwd', 'https://', 'x']) {
    expect(link(target)?.every(([, url]) => url === undefined)).toBe(true);
  }
});

describe('styles', () => {
  const readStyles = (output: string) => renderPieces([output]).first[0]?.runs ?? [];

  test.each([
    ['31', { foreground: 1, background: null, flags: [] }],
    ['97;44', { foreground: 15, background: 4, flags: [] }],
    [
      '1;3;4;7;9',
      {
        foreground: null,
        background: null,
        flags: ['strong', 'italic', 'underline', 'inverse', 'strike'],
      },
    ],
    ['38;5;9', { foreground: 9, background: null, flags: [] }],
    ['38;5;196', { foreground: '#ff0000', background: null, flags: [] }],
    ['48;5;244', { foreground: null, background: '#808080', flags: [] }],
    ['38;2;1;2;255', { foreground: '#0102ff', background: null, flags: [] }],
    ['38:2::1:2:255', { foreground: '#0102ff', background: null, flags: [] }],
    ['4:3;58;5;9', { foreground: null, background: null, flags: ['underline'] }],
    ['31;0;1;22', { foreground: null, background: null, flags: [] }],
    ['38;2;999;0;0', { foreground: null, background: null, flags: [] }],
    ['38;5', { foreground: null, background: null, flags: [] }],
  ])('%s', (parameters, style) => {
    expect(readStyles(`\u001b[${parameters}mx\u001b[0m`)).toEqual([{ text: 'x', style }] as never);
  });

  test('text of one style is one run', () => {
    expect(readStyles('\u001b[31ma\u001b[0m\u001b[31mb\u001b[mc').map(({ text }) => text)).toEqual([
      'ab',
      'c',
    ]);
  });
});

test('lines of stderr are marked; sequences of one stream do not end in the other', () => {
  const text = createTerminalText();
  text.add('out \u001b[3', 'stdout');
  text.add('error\n', 'stderr');
  text.add('1mred\n', 'stdout');
  const { first } = text.finish();
  expect(readText(first)).toEqual(['out error', 'red']);
  expect(first.map(({ isError }) => isError)).toEqual([true, false]);
});

test('a marker is a line of its own', () => {
  const text = createTerminalText();
  text.add('cut', 'stdout');
  text.addMarker('1 KB lost');
  text.add('off\n', 'stdout');
  const { first } = text.finish();
  expect(readText(first)).toEqual(['cut', '1 KB lost', 'off']);
  expect(first.map(({ isMarker = false }) => isMarker)).toEqual([false, true, false]);
});

test('only the first and the last lines are kept of long output', () => {
  const output = Array.from({ length: 3_000 }, (_, index) => `${index}\n`);
  const { first, last, total } = renderPieces(output, { from: 0, to: 2, last: 3, length: 100 });
  expect([readText(first), readText(last), total]).toEqual([
    ['0', '1'],
    ['2997', '2998', '2999'],
    3_000,
  ]);
  const page = renderPieces(output, { from: 1_000, to: 1_002, last: 0, length: 3 });
  expect([readText(page.first), page.last]).toEqual([['100', '100'], []]);
  expect(page.first[0]?.cut).toBe(1);
});
