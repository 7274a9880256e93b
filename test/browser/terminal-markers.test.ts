import { expect, test } from 'bun:test';
import { formatEnd, formatGap, formatMarker } from '../../src/browser/terminal-markers.ts';

test('a gap shows how much output was lost, and why', () => {
  expect(formatGap({ bytes: 319_488, reason: 'buffer_overflow' })).toBe(
    '312 KB of output lost: terminal buffer overflow',
  );
  expect(formatGap({ bytes: 10, reason: 'agent_overflow' })).toBe(
    '10 B of output lost: agent buffer overflow',
  );
  expect(formatGap({ bytes: 0, reason: 'expired' })).toBe('Output lost: no longer available');
});

test('the end shows the total size', () => {
  expect(formatEnd({ totalBytes: 0 })).toBe('No output');
  expect(formatEnd({ totalBytes: 2048 })).toBe('End of output (2.0 KB)');
});

test('a marker has its own line and resets the colors', () => {
  expect(formatMarker('x', 'info', true)).toBe('\u001b[0;2m── x ──\u001b[0m\r\n');
  expect(formatMarker('x', 'warning', false)).toStartWith('\r\n\u001b[0;7;33m');
});
