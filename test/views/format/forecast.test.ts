import { expect, test } from 'bun:test';
import { describeForecast, formatOrdinal } from '../../../views/format/forecast.ts';
import { agent, command } from '../../support/samples.ts';

const queued = (id: string, priority: 'high' | 'normal' | 'low') =>
  command({ id, priority, status: 'queued', startedAt: null, completedAt: null });
const running = command({ status: 'running', completedAt: null });

test('says what will happen to a command that is sent now', () => {
  expect(describeForecast(agent(), [], 'normal')).toBe('Runs now');
  const busy = agent({ status: 'busy', currentCommand: 'c1' });
  expect(describeForecast(busy, [running], 'low')).toBe('Runs next');
  // The previous command has ended on the hub, but its agent is still stopping it.
  expect(describeForecast(agent({ status: 'busy' }), [], 'low')).toBe('Runs next');
  const active = [running, queued('a', 'high'), queued('b', 'normal'), queued('c', 'low')];
  expect(describeForecast(busy, active, 'high')).toBe('2nd in the queue');
  expect(describeForecast(busy, active, 'normal')).toBe('3rd in the queue');
  expect(describeForecast(busy, active, 'low')).toBe('4th in the queue');
  const paused = agent({ paused: { by: 'otto', at: 0, note: null } });
  expect(describeForecast(paused, [], 'low')).toBe('build is paused: runs when it is resumed');
  const cancelled = { ...queued('a', 'high'), stopReason: 'user' as const };
  expect(describeForecast(agent(), [cancelled], 'low')).toBe('Runs now');
  const offline = agent({ status: 'offline' });
  expect(describeForecast(offline, [], 'low')).toBe('build is offline: runs when it is online');
  expect(describeForecast(offline, [queued('a', 'low')], 'low')).toBe(
    'build is offline: 2nd in the queue',
  );
});

test('formats positions', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102].map(formatOrdinal)).toEqual(
    '1st 2nd 3rd 4th 11th 12th 13th 21st 102nd'.split(' '),
  );
});
