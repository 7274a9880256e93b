// What an agent's page says of how much it knows.
import { expect, test } from 'bun:test';
import { Signs } from '../../../views/components/liveness.tsx';
import { see } from '../render.ts';
import { agent, NOW } from '../../support/samples.ts';

const busy = {
  status: 'busy' as const,
  lastOutputAt: NOW - 4_000,
  process: { commandId: 'c1', pid: 4711, alive: true, lastOutputAt: NOW - 4_000 },
};

test.each([
  ['one that never came', { lastHeartbeat: null }, /^Never connected$/],
  ['an idle one', {}, /^Heartbeat .*UTC$/],
  ['a busy one', busy, /Heartbeat .*Output .*Process 4711 runs$/],
  [
    'one whose process is gone',
    { ...busy, process: { ...busy.process, alive: false } },
    /Process 4711 is gone$/,
  ],
  ['a silent one', { ...busy, suspectedStuck: true }, /perhaps stuck$/],
  ['one that is away', { status: 'offline' as const, offlineSince: NOW - 40_000 }, /^Away since /],
])('%s', (_, fields, says) => {
  expect(see(<Signs agent={agent(fields)} />).text).toMatch(says);
});
