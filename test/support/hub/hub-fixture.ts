// A hub with one agent and one dashboard connected: the starting point of most hub tests.
import { type RequestOptions, connectDashboard, type DashboardOptions } from './dashboard.ts';
import { startTestHub, type TestHubOptions } from './hub.ts';
import { type AgentConnectFields, connectAgent } from './scripted-agent.ts';

export interface HubFixtureOptions extends TestHubOptions {
  agent?: AgentConnectFields;
  dashboard?: DashboardOptions;
}

export type HubFixture = Awaited<ReturnType<typeof startHubFixture>>;

export async function startHubFixture({
  agent: agentFields,
  dashboard: dashboardOptions,
  ...hubOptions
}: HubFixtureOptions = {}) {
  const hub = await startTestHub(hubOptions);
  const agent = await connectAgent(hub, agentFields);
  const dashboard = await connectDashboard(hub, dashboardOptions);
  return {
    hub,
    agent,
    dashboard,
    /** Requests a command; resolves with its ID once it is running. */
    async startCommand(command = '!sleep', options: RequestOptions = {}) {
      const commandId = await dashboard.request(command, options);
      await agent.waitForExecute(commandId);
      agent.sendStarted(commandId);
      await dashboard.waitForStatus(commandId, 'running');
      return commandId;
    },
    /** Drops the agent's connection; resolves once the dashboard sees the agent offline. */
    async disconnectAgent() {
      agent.terminate();
      await dashboard.waitForAgentStatus('offline');
    },
    /** Connects the agent on a new socket. */
    reconnectAgent: (fields: AgentConnectFields = {}) =>
      connectAgent(hub, { token: agent.token, ...fields }),
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}
