// The grace period of an agent that is expected from several sides: after its hub has claimed it, and after its connection was lost.
import { expect, test } from 'bun:test';
import { createGrace } from '../../../src/hub/agents/grace.ts';
import { soleOwnership } from '../../../src/hub/cluster/ownership.ts';
import { type AgentConnection, cancelGrace } from '../../../src/hub/state/agent.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const GRACE_MS = 1_000;

/** An offline agent with a command, and how often that has ended. */
function start() {
  const clock = createManualClock();
  const current = { delivery: 'sent', stopReason: 'user' };
  const agent = {
    connection: { link: null, since: 0, cancelGrace: null },
    current,
    stopping: new Set(),
  } as unknown as AgentConnection;
  let count = 0;
  const expectAgent = createGrace(
    { clock, settings: { agentGraceMs: GRACE_MS } as never, ownership: soleOwnership },
    {
      completion: {} as never,
      dispatcher: { endInBackground: () => (count += 1) } as never,
      presence: { update: () => undefined } as never,
    },
  );
  return { clock, agent, expectAgent, count: () => count };
}

test('an agent that is expected twice has one grace period, which its connection ends', () => {
  const { clock, agent, expectAgent, count } = start();
  expectAgent(agent);
  expectAgent(agent);
  cancelGrace(agent);
  clock.advance(GRACE_MS);
  expect(count()).toBe(0);
});

test('an agent that is expected again after its grace period was cancelled has another one', () => {
  const { clock, agent, expectAgent, count } = start();
  expectAgent(agent);
  cancelGrace(agent);
  expectAgent(agent);
  clock.advance(GRACE_MS);
  expect(count()).toBe(1);
});
