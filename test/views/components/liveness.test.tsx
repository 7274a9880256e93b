import { expect, test } from 'bun:test';
import { Liveness } from '../../../views/components/liveness.tsx';
import { render } from '../render.ts';
import { agent, NOW } from '../../support/samples.ts';

const busy = {
  status: 'busy' as const,
  lastOutputAt: NOW - 4_000,
  process: { commandId: 'c1', pid: 4711, alive: true, lastOutputAt: NOW - 4_000 },
};

test.each([
  ['an agent that never connected', { connectionTime: null }, /^Never connected$/],
  [
    'an agent of which only the connection is known',
    { status: 'offline' as const, lastHeartbeat: null },
    /^Offline for /,
  ],
  ['an idle agent', {}, /^$/],
  ['a late heartbeat', { lastHeartbeat: NOW - 20_000 }, /^Last heartbeat .*UTC$/],
  ['a busy agent', busy, /^Last output .*Process 4711 running$/],
  [
    'an agent whose process exited',
    { ...busy, process: { ...busy.process, alive: false } },
    /Process 4711 exited$/,
  ],
  [
    'an agent without recent output',
    { ...busy, suspectedStuck: true },
    /No output for .*UTC, may be stuck$/,
  ],
  [
    'an agent without any output',
    { ...busy, lastOutputAt: null, suspectedStuck: true },
    /No output, may be stuck$/,
  ],
  ['an offline agent', { status: 'offline' as const, offlineSince: NOW - 40_000 }, /^Offline for /],
])('describes %s', (_, fields, text) => {
  expect(render(<Liveness agent={agent(fields)} now={NOW} />).text).toMatch(text);
});
