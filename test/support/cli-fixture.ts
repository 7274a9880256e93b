// A hub, agents and a command line, all of them processes of the compiled executable.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentStatus } from '../../src/protocol/agent-status.ts';
import type { CommandStatus } from '../../src/protocol/command-status.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { startAgentBinary, startHubBinary } from './binary.ts';
import { createCli } from './cli.ts';
import { openDashboard } from './hub/dashboard.ts';
import type { RunningProcess } from './processes.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

export type CliFixture = Awaited<ReturnType<typeof startCliFixture>>;

/** Starts a hub with the given agents, each in a folder of its own. */
export async function startCliFixture(agentIds: readonly string[], hubFlags: string[] = []) {
  const folder = createTemporaryFolder();
  const hub = await startHubBinary(join(folder.path, 'data'), hubFlags);
  const agents = new Map<string, RunningProcess>();

  /** Adds an agent and starts it. */
  async function addAgent(id: string): Promise<void> {
    mkdirSync(join(folder.path, id));
    agents.set(id, await startAgentBinary(hub.url, id, join(folder.path, id)));
  }

  await Promise.all(agentIds.map(addAgent));
  const cli = await createCli(hub.url, folder.path);

  /** Calls the API, and returns the body of the response. */
  async function api<T = unknown>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(`${hub.url}/api/v1${path}`, { headers: cli.headers, ...init });
    return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  }

  const observer = await openDashboard({ wsUrl: hub.url.replace('http', 'ws') });
  const token = cli.headers['authorization']?.slice(7) ?? '';
  await observer.connect({ issueToken: () => Promise.resolve(token) }, { terminals: 'attached' });

  /** Checks a condition again after each message of the hub. */
  async function pollUntil(isMet: () => Promise<boolean>): Promise<void> {
    let seen = observer.received.length;
    while (!(await isMet())) {
      await observer.waitUntil(() => observer.received.length > seen, 'a message of the hub');
      seen = observer.received.length;
    }
  }

  return {
    folder: folder.path,
    hub,
    agents,
    addAgent,
    cli,
    api,
    /** Waits until a command has this status. */
    async waitForStatus(commandId: string, status: CommandStatus): Promise<void> {
      await pollUntil(async () => {
        const command = await api<CommandExecution>(`/commands/${commandId}`);
        return command.status === status;
      });
    },
    /** Waits until an agent has this status. */
    async waitForAgent(agentId: string, status: AgentStatus): Promise<void> {
      await pollUntil(async () => {
        const agent = await api<AgentSummary>(`/agents/${agentId}`);
        return agent.status === status;
      });
    },
    /** Creates a FIFO. A command that reads it waits until the test writes to it. */
    createGate(name: string): string {
      const path = join(folder.path, name);
      Bun.spawnSync(['mkfifo', path]);
      return path;
    },
    async stop() {
      const processes = [...agents.values(), hub];
      for (const { kill } of processes) kill('SIGTERM');
      await Promise.all(processes.map(({ exited }) => exited));
      folder.remove();
    },
  };
}
