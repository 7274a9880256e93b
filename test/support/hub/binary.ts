// The compiled binary, as the tests of the whole run it: a process with a data folder of its own.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dir, '..', '..', '..');
const path = join(root, 'dist', 'signalbox');

/** Where the binary is; built first where it is missing or old. */
export function binaryPath(): string {
  const built = Bun.spawnSync(['make', 'build'], { cwd: root, stdout: 'ignore', stderr: 'pipe' });
  if (built.success && existsSync(path)) return path;
  throw new Error(`make build failed: ${built.stderr.toString()}`);
}

/** A folder that goes with the test. */
export function temporaryFolder(): { path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Running {
  readonly pid: number;
  /** Everything it has written so far. */
  text(): string;
  /** The first match of a pattern in what it writes. */
  sees(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

/** Starts a program, and listens to what it writes. */
export function start(command: string[], env: Record<string, string> = {}, cwd = root): Running {
  const child = Bun.spawn(command, {
    cwd,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let text = '';
  const listeners = new Set<() => void>();
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      text += decoder.decode(bytes, { stream: true });
      for (const listener of listeners) listener();
    }
  };
  const drained = Promise.all([read(child.stdout), read(child.stderr)]);
  return {
    pid: child.pid,
    text: () => text,
    sees: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(text);
          if (!match) return;
          listeners.delete(look);
          resolve(match);
        };
        listeners.add(look);
        look();
        void drained.then(() => reject(new Error(`${pattern} never came. It wrote:\n${text}`)));
      }),
    kill: (signal) => child.kill(signal),
    exited: drained.then(() => child.exited),
  };
}

export const PASSWORD = 'correct horse battery staple';

/** Starts a hub from the binary, and waits until it is ready. */
export async function startHubBinary(data: string, flags: string[] = []) {
  const hub = start([binaryPath(), 'serve', '--port', '0', '--data', data, ...flags], {
    SIGNALBOX_ADMIN_PASSWORD: PASSWORD,
  });
  const [, url = ''] = await hub.sees(/Signalbox is ready at (\S+)/);
  return { ...hub, url };
}

/** Logs in and answers with the bearer header for the API. */
export async function logIn(url: string): Promise<Record<string, string>> {
  const answer = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  });
  const { token } = (await answer.json()) as { token: string };
  return { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
}

/** Starts an agent from the binary, and waits until it is connected. */
export async function startAgentBinary(url: string, agentId: string, folder: string) {
  const state = join(folder, `state-${agentId}`);
  const agent = start(
    [binaryPath(), 'agent', '--hub', url, '--id', agentId, '--type', 'claude', '--state', state],
    { SIGNALBOX_AGENT_TOKEN: await addAgent(url, agentId) },
    folder,
  );
  await agent.sees(/connected to/);
  return agent;
}

/** Lets an agent in; answers with its token. */
export async function addAgent(url: string, agentId: string, agentType = 'claude') {
  const answer = await fetch(`${url}/api/v1/agents`, {
    method: 'POST',
    headers: await logIn(url),
    body: JSON.stringify({ agentId, agentType }),
  });
  const { token } = (await answer.json()) as { token: string };
  return token;
}
