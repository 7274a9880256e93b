// A real agent that works in a repository and is connected to a real hub.
import { join } from 'node:path';
import { hasEnded } from '../../../src/protocol/command-status.ts';
import { createAgentFixture } from '../agent/agent-fixture.ts';
import { createWorkFolder, scriptedProgram } from '../agent/scripted-program.ts';
import { createRepository } from '../agent/work-repository.ts';
import { connectDashboard } from './dashboard.ts';
import type { TestHub } from './hub.ts';

export type RepositoryAgent = Awaited<ReturnType<typeof startRepositoryAgent>>;

/** Starts an agent with the scripted AI program. Its folder is a repository with a commit of some files. */
export async function startRepositoryAgent(
  hub: TestHub,
  files: Record<string, string | Uint8Array>,
  agentId = 'agent',
) {
  const fixture = createAgentFixture();
  const work = createWorkFolder(fixture);
  createRepository(work, files);
  const token = await hub.addAgent(agentId);
  const dashboard = await connectDashboard(hub);
  fixture.start({ hub: hub.url, agentId, token, cwd: work, acp: scriptedProgram(fixture) });
  await dashboard.waitFor('agent:status', (message) => message.status === 'online');

  return {
    work,
    stateDir: join(fixture.folder, 'state'),
    stop: fixture.stopAll,
    /** Runs a command to its end and returns its ID. */
    async run(command: string): Promise<string> {
      const response = await hub.callApi('POST', '/commands', { body: { agentId, command } });
      const { commandId } = (await response.json()) as { commandId: string };
      await dashboard.waitFor(
        'command:status',
        (message) => message.commandId === commandId && hasEnded(message.status),
      );
      return commandId;
    },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}
