import { expect, test } from 'bun:test';
import {
  formatEnd,
  formatGap,
  formatMarker,
  formatSize,
} from '../../src/browser/terminal-markers.ts';

test('1 KB is 1,024 bytes', () => {
  expect([0, 1023, 1024, 9900, 10_240, 319_488, 1_048_576].map(formatSize)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KB',
    '9.7 KB',
    '10 KB',
    '312 KB',
    '1.0 MB',
  ]);
});

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
