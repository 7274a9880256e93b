// Steps that tests of the agent share.
import { join } from 'node:path';
import { byteLength } from '../../../src/protocol/text.ts';
import type { ManualClock } from '../manual-clock.ts';
import { pollUntil } from '../processes.ts';
import type { AgentFixture } from './agent-fixture.ts';
import type { AgentSocket } from './scripted-hub.ts';

/** Cuts the connection. Resolves when the agent has noticed. */
export async function disconnect(fixture: AgentFixture, hub: AgentSocket): Promise<void> {
  const noticed = fixture.waitForLog(/no connection/);
  hub.terminate();
  await noticed;
}

/** Moves the clock by the first reconnect delay. Resolves with the agent's next connection. */
export function reconnect(fixture: AgentFixture, clock: ManualClock): Promise<AgentSocket> {
  clock.advance(500);
  return fixture.hub.waitForAgent();
}

export function interrupt(hub: AgentSocket, commandId: string): void {
  hub.send({ type: 'command:interrupt', commandId, reason: 'user' });
}

/** Resolves when the agent has handled everything that was sent before. */
export async function roundTrip(hub: AgentSocket): Promise<void> {
  const commandId = Bun.randomUUIDv7();
  interrupt(hub, commandId);
  await hub.waitFor('command:finished', (message) => message.commandId === commandId);
}

/** The bytes of a command's output that have arrived on a connection. */
export function receivedBytes(hub: AgentSocket, commandId: string): number {
  return hub.outputsOf(commandId).reduce((sum, output) => sum + byteLength(output.data), 0);
}

/** Resolves when a large part of a command's output has arrived and nothing more has within twenty round trips. */
export async function outputStalled(hub: AgentSocket, commandId: string): Promise<void> {
  await pollUntil(() => receivedBytes(hub, commandId) > 700_000);
  for (let unchanged = 0, last = -1; unchanged < 20; unchanged += 1) {
    await roundTrip(hub);
    const count = hub.outputsOf(commandId).length;
    if (count !== last) unchanged = 0;
    last = count;
  }
}

/** A shell command that waits until `createFile` has created a file in the agent's folder. */
export const waitForFile = (name: string) => `until test -e ${name}; do sleep 0.01; done`;

export const createFile = (fixture: AgentFixture, name: string) =>
  Bun.write(join(fixture.folder, name), '');
