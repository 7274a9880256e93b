// Runs the compiled executable as hub and agent processes, for tests of the whole product.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningProcess, startProcess } from './processes.ts';

const repository = join(import.meta.dir, '..', '..');
const path = join(repository, 'dist', 'signalbox');

export const PASSWORD = 'correct horse battery staple';

let isBuilt = false;

/** Builds the executable if it is missing or out of date, once per process, and returns its path. */
export function buildBinary(): string {
  if (isBuilt) return path;
  const built = Bun.spawnSync(['make', 'build'], {
    cwd: repository,
    stdout: 'ignore',
    stderr: 'pipe',
  });
  isBuilt = built.success && existsSync(path);
  if (isBuilt) return path;
  throw new Error(`make build failed: ${built.stderr.toString()}`);
}

/** Starts a hub and waits until it is ready. */
export async function startHubBinary(
  dataFolder: string,
  flags: string[] = [],
  env: Record<string, string> = {},
): Promise<RunningProcess & { url: string }> {
  const hub = startProcess(
    [buildBinary(), 'serve', '--port', '0', '--data', dataFolder, ...flags],
    { SIGNALBOX_ADMIN_PASSWORD: PASSWORD, ...env },
  );
  const [, url = ''] = await hub.waitForOutput(/Signalbox is ready at (\S+)/);
  return { ...hub, url };
}

/** Adds an agent, starts it and waits until it is connected. */
export async function startAgentBinary(
  url: string,
  agentId: string,
  folder: string,
  flags: string[] = [],
): Promise<RunningProcess> {
  const state = join(folder, `state-${agentId}`);
  const agent = startProcess(
    [
      buildBinary(),
      'agent',
      '--hub',
      url,
      '--id',
      agentId,
      '--type',
      'claude',
      '--state',
      state,
      ...flags,
    ],
    { SIGNALBOX_AGENT_TOKEN: await addAgent(url, agentId) },
    folder,
  );
  await agent.waitForOutput(/connected to/i);
  return agent;
}

/** Signs in as the admin and returns the headers for API requests. */
export async function signInToApi(url: string): Promise<Record<string, string>> {
  const response = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  });
  if (!response.ok) throw new Error(`Could not sign in: ${await response.text()}`);
  const { token } = (await response.json()) as { token: string };
  return { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
}

/**
 * Adds an agent and returns its token.
 * @param headers those of the admin; signs in without them
 */
export async function addAgent(
  url: string,
  agentId: string,
  agentType = 'claude',
  headers?: Record<string, string>,
): Promise<string> {
  const response = await fetch(`${url}/api/v1/agents`, {
    method: 'POST',
    headers: headers ?? (await signInToApi(url)),
    body: JSON.stringify({ agentId, agentType }),
  });
  const { token } = (await response.json()) as { token: string };
  return token;
}
