// An agent that claims the command of another agent.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

test('cannot write to its output, drop from it, or report about it', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  agent.sendOutput(id, 'real');
  await agent.waitForAck(id, 1);
  const other = await connectAgent(hub, {
    agentId: 'other',
    held: [
      {
        commandId: id,
        attempt: 1,
        firstSequence: 0,
        nextSequence: 1,
        lostBytes: 0,
        finished: false,
      },
    ],
  });
  expect(await other.waitFor('agent:welcome')).toMatchObject({ resume: [], stop: [id] });
  other.setNextSequence(id, 1);
  other.sendOutput(id, 'forged');
  other.send({ type: 'terminal:gap', commandId: id, nextSequence: 90, bytes: 1 });
  other.send({ type: 'command:report', commandId: id, conversationId: 'forged' });
  other.sendFinished(id, { outcome: 'failed', exitCode: 1, report: { conversationId: 'forged' } });
  await other.waitForAcknowledged(id);
  agent.sendOutput(id, ' end');
  agent.sendFinished(id);
  await dashboard.waitForComplete(id);
  await dashboard.waitForStatus(id, 'completed');
  expect(dashboard.outputOf(id)).toBe('real end');
  expect(dashboard.ofType('terminal:gap')).toEqual([]);
  expect(await hub.hub.history.find(id)).toMatchObject({ conversationId: null, exitCode: 0 });
});
