// A command that the hub ends while its agent reconnects without it.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';

test('an agent that reconnects while the end of its command is committed receives the next one', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const commandId = await fixture.startCommand('Fix it');
  hub.store.hold((call) => call === 'turns.save');
  agent.send({
    type: 'turn:update',
    commandId,
    sequence: 0,
    part: 0,
    content: { type: 'message', text: 'a' },
  });
  await hub.store.waitForFault('turns.save');
  await fixture.disconnectAgent();
  dashboard.send({ type: 'command:interrupt', commandId });
  await dashboard.ping();
  const again = await fixture.reconnectAgent();
  await dashboard.waitForComplete(commandId);
  hub.store.release();
  await dashboard.waitForStatus(commandId, 'interrupted');
  const next = await dashboard.request('next');
  await again.waitForExecute(next);
  expect(dashboard.statusesOf(commandId)).toEqual(['queued', 'running', 'interrupted']);
});
