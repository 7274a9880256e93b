import { expect, test } from 'bun:test';
import { endText, gapText, ownLine, size } from '../../src/browser/terminal-markers.ts';

test('sizes count in 1,024s', () => {
  expect([0, 1023, 1024, 9900, 10_240, 319_488, 1_048_576].map(size)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KB',
    '9.7 KB',
    '10 KB',
    '312 KB',
    '1.0 MB',
  ]);
});

test('a gap tells how much is lost, and why', () => {
  expect(gapText({ bytes: 319_488, reason: 'buffer_overflow' })).toBe(
    '312 KB lost: buffer overflow',
  );
  expect(gapText({ bytes: 10, reason: 'agent_overflow' })).toBe(
    '10 B lost: the agent had to drop it',
  );
  expect(gapText({ bytes: 0, reason: 'expired' })).toBe('Output lost: no longer held');
});

test('the end tells how much there was', () => {
  expect(endText({ totalBytes: 0 })).toBe('ended without output');
  expect(endText({ totalBytes: 2048 })).toBe('end of output, 2.0 KB');
});

test("a line of the page's own has a line to itself, and leaves a plain pen behind", () => {
  expect(ownLine('x', 'quiet', true)).toBe('\u001b[0;2m── x ──\u001b[0m\r\n');
  expect(ownLine('x', 'warning', false)).toStartWith('\r\n\u001b[0;7;33m');
});
