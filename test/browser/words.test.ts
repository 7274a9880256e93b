// What the island itself writes on the page.
import { expect, test } from 'bun:test';
import { bannerText } from '../../src/browser/connection-banner.ts';
import { readFrame, writeFrame } from '../../src/browser/frames.ts';
import { ago, clock, elapsed } from '../../src/browser/local-time.ts';
import { createState } from '../../src/browser/page-state.ts';

test('a running time ticks like a clock', () => {
  expect([-3000, 0, 42_999, 72_000, 3_727_000].map(elapsed)).toEqual([
    '0:00',
    '0:00',
    '0:42',
    '1:12',
    '1:02:07',
  ]);
});

test('a moment ago is told in the unit that fits; one ahead is now', () => {
  const units = [-5000, 59_999, 60_000, 3_599_999, 7_200_000, 200_000_000].map(ago);
  expect(units.map((text) => /\d+/.exec(text)?.[0])).toEqual(['0', '59', '1', '59', '2', '2']);
});

test('a date names its year only where it is another', () => {
  const now = new Date(2026, 5, 1).getTime();
  expect(clock(new Date(2026, 1, 3).getTime(), now)).not.toContain('2026');
  expect(clock(new Date(2025, 1, 3).getTime(), now)).toContain('2025');
});

test('the banner is silent while connected, and says what it knows otherwise', () => {
  const state = createState().getState();
  expect(bannerText({ ...state, connectionStatus: 'connected' })).toBeNull();
  expect(bannerText({ ...state, connectionStatus: 'disconnected' })).toContain('Reconnecting…');
  const full = { connectionStatus: 'error', error: new Error('The hub is full.') } as const;
  expect(bannerText({ ...state, ...full })).toBe('The hub is full.');
});

test('frames that are not known messages are ignored', () => {
  const beat = { type: 'hub:heartbeat', version: '1.2.3', timestamp: 5, extra: true };
  expect(readFrame(JSON.stringify(beat))).toMatchObject({ type: 'hub:heartbeat', timestamp: 5 });
  const bad = [
    '',
    '{',
    '1',
    'null',
    '[]',
    '{"type":"x"}',
    '{"type":"hub:heartbeat","version":"1.0.0"}',
  ];
  expect([...bad, new ArrayBuffer(4), undefined].map(readFrame)).toEqual(Array(9).fill(null));
});

test('frames that are written carry the version', () => {
  const frame = writeFrame({ type: 'terminal:detach', commandId: 'c' });
  expect(JSON.parse(frame)).toEqual({ type: 'terminal:detach', commandId: 'c', version: '1.0.0' });
});
