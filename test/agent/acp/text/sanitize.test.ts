import { expect, test } from 'bun:test';
import { firstLine, sanitize, sanitizeOutput } from '../../../../src/agent/acp/text/sanitize.ts';

test('control characters become visible symbols', () => {
  expect(sanitize('a\u001b[2Jb\u009b31mc\u0007\u0000\u007f')).toBe('a␛[2Jb�31mc␇␀␡');
  expect(sanitize('\u001b]0;title\u0007\u001b]8;;http://x\u001b\\')).not.toContain('\u001b');
  expect(sanitize('tab\tline\nnext\r\n')).toBe('tab\tline\nnext\n');
});

test('an escape sequence is replaced no matter where a stream splits it', () => {
  const attack = '\u001b[31mred\u001b]52;c;aGk=\u0007';
  for (let split = 0; split <= attack.length; split += 1) {
    const pieces = sanitize(attack.slice(0, split)) + sanitize(attack.slice(split));
    expect(pieces).toBe(sanitize(attack));
  }
});

test('directional overrides are replaced', () => {
  expect(sanitize('safe\u202etxt.exe\u2066')).toBe('safe�txt.exe�');
});

test('command output loses its colors and keeps the last version of an overwritten line', () => {
  expect(sanitizeOutput('\u001b[32mok\u001b[0m\r\n 10%\r 50%\r100%\ndone')).toBe('ok\n100%\ndone');
});

test('the first line is truncated without splitting a character', () => {
  expect(firstLine('  one\ntwo')).toBe('one …');
  expect(firstLine('😀'.repeat(200), 10)).toBe(`${'😀'.repeat(4)}…`);
});
