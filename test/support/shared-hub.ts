// A hub process that all tests of a file share. Tests attack it, so it is checked after each of them.
import { afterAll, afterEach, beforeAll, expect } from 'bun:test';
import { join } from 'node:path';
import { addAgent, signInToApi, startHubBinary } from './binary.ts';
import { openAgent, type ScriptedAgent } from './hub/scripted-agent.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

/**
 * Starts the hub before the tests of a file, and stops it after them. After each test, it must respond and must not have
 * logged an internal error.
 * @returns the hub and the headers of its admin, to be read in tests
 */
export function useSharedHub() {
  const folder = createTemporaryFolder();
  let hub: Awaited<ReturnType<typeof startHubBinary>>;
  let admin: Record<string, string>;
  beforeAll(async () => {
    hub = await startHubBinary(join(folder.path, 'data'));
    admin = await signInToApi(hub.url);
  });
  afterAll(async () => {
    hub.kill('SIGTERM');
    await hub.exited;
    folder.remove();
  });
  afterEach(async () => {
    expect((await fetch(`${hub.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${hub.url}/api/v1/agents`, { headers: admin })).status).toBe(200);
    expect(hub.output()).not.toContain('Request failed');
  });
  return {
    get url() {
      return hub.url;
    },
    get wsUrl() {
      return hub.url.replace('http', 'ws');
    },
    get admin() {
      return admin;
    },
    get pid() {
      return hub.pid;
    },
    /** The token of the admin's session. */
    get adminToken() {
      return admin['authorization']?.slice('Bearer '.length) ?? '';
    },
    output: () => hub.output(),
    /** Adds the agent `agent` and connects it. */
    async connectAgent() {
      const agent = await openAgent(this);
      agent.sendConnect({ token: await addAgent(hub.url, 'agent', 'claude', admin) });
      await agent.waitFor('agent:welcome');
      return agent;
    },
    /** Sends a command to this agent. Returns its ID once the agent has received it. */
    async sendCommand(agent: ScriptedAgent, command: string): Promise<string> {
      const body = JSON.stringify({ agentId: 'agent', command });
      const init = { method: 'POST', headers: admin, body };
      const accepted = await (await fetch(`${hub.url}/api/v1/commands`, init)).json();
      const { commandId } = accepted as { commandId: string };
      await agent.waitForExecute(commandId);
      return commandId;
    },
  };
}

/** Fails if a response shows how the hub is built. */
export function expectNoInternals(text: string): void {
  expect(text).not.toMatch(/node_modules|\/src\/|\.tsx?\b|at \w+ \(|\bbun\b|root:x:/i);
}
