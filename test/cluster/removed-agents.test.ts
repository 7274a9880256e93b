// The commands of an agent that is removed end, whatever happens to the hub that removes it.
import { expect, test } from 'bun:test';
import {
  ADMIN,
  kill,
  type LinkedHub,
  passUntil,
  startCommand,
  startLinkedHubs,
} from '../support/hub/linked-hubs.ts';
import { useDatabase } from '../support/postgres-store.ts';

const database = useDatabase();

/** Lets a hub remove the agent, and be lost before it can end the agent's commands. */
async function loseAfterRemoval(hub: LinkedHub) {
  hub.store.hold((call) => call === 'commands.update');
  await hub.hub.registry.remove(ADMIN, 'agent');
  await hub.store.waitForFault('commands.update');
  await kill(database, hub);
}

test('the commands of an agent that was removed by a hub that is lost end', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { here, there, commandId } = await startCommand(hubs);
  const queued = await here.request('next');
  await there.waitForStatus(queued, 'queued');
  await there.waitForOutput(commandId, 'stored ');
  await loseAfterRemoval(a);
  for (const id of [commandId, queued]) {
    await passUntil(b, there, () => there.statusesOf(id).includes('failed'));
  }
  const { lastSequence } = await there.waitForComplete(commandId);
  expect([lastSequence, there.outputOf(commandId)]).toEqual([0, 'stored ']);
  expect(await b.store.commands.find(commandId)).toMatchObject({
    status: 'failed',
    error: { code: 'agent_lost', message: 'The agent "agent" was removed.' },
    lastSequence: 0,
    isOutputOpen: false,
  });
});

test('so does the output of a command that has ended before', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, there, commandId } = await startCommand(hubs);
  agent.terminate();
  await there.waitForAgentStatus('offline');
  there.send({ type: 'command:interrupt', commandId });
  await there.waitForStatus(commandId, 'interrupted');
  await loseAfterRemoval(a);
  await passUntil(b, there, () => there.ofType('terminal:complete').length > 0);
  expect(await b.store.commands.find(commandId)).toMatchObject({
    status: 'interrupted',
    lastSequence: 0,
    isOutputOpen: false,
  });
});

test('a command that a hub accepts while another one removes the agent ends', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { here, there } = await startCommand(hubs);
  b.store.hold((call) => call === 'commands.insert');
  const requesting = there.request('late');
  await b.store.waitForFault('commands.insert');
  await a.hub.registry.remove(ADMIN, 'agent');
  await there.waitFor('agent:removed');
  b.store.release();
  const commandId = await requesting;
  await passUntil(a, here, () => there.statusesOf(commandId).includes('failed'));
});
