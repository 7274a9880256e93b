// A hub, an agent and a dashboard, all connected: where most stories begin.
import { type AgentHello, connectAgent } from './scripted-agent.ts';
import { connectDashboard, type DashboardOptions } from './dashboard.ts';
import { startTestHub, type TestHubOptions } from './hub.ts';

export interface StageOptions extends TestHubOptions {
  agent?: AgentHello;
  dashboard?: DashboardOptions;
}

export type Stage = Awaited<ReturnType<typeof createStage>>;

export async function createStage({
  agent: hello,
  dashboard: viewer,
  ...options
}: StageOptions = {}) {
  const hub = await startTestHub(options);
  const agent = await connectAgent(hub, hello);
  const dashboard = await connectDashboard(hub, viewer);
  return {
    hub,
    agent,
    dashboard,
    /** Asks for a command, and resolves with its id once it runs. */
    async running(command = '!sleep', more: Parameters<typeof dashboard.request>[1] = {}) {
      const commandId = await dashboard.request(command, more);
      await agent.given(commandId);
      agent.started(commandId);
      await dashboard.status(commandId, 'running');
      return commandId;
    },
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}
