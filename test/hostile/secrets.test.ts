// A command of the compiled agent looks for the secrets of agent and hub in /proc.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addAgent, buildBinary } from '../support/binary.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import { runBinary } from '../support/cli.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

/** Not the one of other hubs on this machine. */
const PASSWORD = `p${crypto.randomUUID()}`;
/** Root can read everything. */
const NOBODY = '65534';
const asNobody =
  process.getuid?.() === 0
    ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    : [];

const folder = createTemporaryFolder();
const binary = join(folder.path, 'signalbox');
let hub: RunningProcess;
let url: string;
let headers: Record<string, string>;
beforeAll(async () => {
  chmodSync(folder.path, 0o755);
  copyFileSync(buildBinary(), binary);
  chmodSync(binary, 0o755);
  const data = join(folder.path, 'data');
  hub = startProcess([binary, 'serve', '--port', '0', '--data', data], {
    SIGNALBOX_ADMIN_PASSWORD: PASSWORD,
  });
  [, url = ''] = await hub.waitForOutput(/Signalbox is ready at (\S+)/);
  headers = { 'content-type': 'application/json' };
  const session = (await callApi('POST', '/session', {
    username: 'admin',
    password: PASSWORD,
  })) as { token: string };
  headers['authorization'] = `Bearer ${session.token}`;
}, 120_000);
afterAll(async () => {
  hub.kill('SIGTERM');
  await hub.exited;
  folder.remove();
});

async function callApi(method: string, path: string, body?: unknown): Promise<unknown> {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  return (await fetch(`${url}/api/v1${path}`, { method, headers, ...init })).json();
}

/** Runs a command and returns its output. */
async function runCommand(agentId: string, command: string): Promise<string> {
  const token = headers['authorization']?.slice(7) ?? '';
  const env = { SIGNALBOX_HUB: url, SIGNALBOX_TOKEN: token };
  return (await runBinary(['run', '--agent', agentId, command], env)).stdout;
}

/** Starts an agent in a folder that the user `nobody` can write to. */
async function startAgent(
  agentId: string,
  script: (token: string, file: string) => [script: string, env: Record<string, string>],
  prefix: string[] = [],
) {
  const token = await addAgent(url, agentId, 'claude', headers);
  const home = join(folder.path, agentId);
  mkdirSync(home);
  chmodSync(home, 0o777);
  const file = join(folder.path, `${agentId}.token`);
  writeFileSync(file, token, { mode: 0o600 });
  const [text, env] = script(token, file);
  const shell = `exec "$0" agent --hub ${url} --id ${agentId} --type claude --no-acp --state state ${text}`;
  const command = ['sh', '-c', shell, binary];
  const agent = startProcess([...prefix, ...command], { ...env, HOME: home }, home);
  await agent.waitForOutput(/connected to/i);
  return { agent, token };
}

const ways: [way: string, script: Parameters<typeof startAgent>[1]][] = [
  ['environment', (token) => ['', { SIGNALBOX_AGENT_TOKEN: token }]],
  ['path', (_, file) => [`--token-file ${file}`, {}]],
  ['variable-with-path', (_, file) => ['', { SIGNALBOX_AGENT_TOKEN_FILE: file }]],
  ['stdin', (_, file) => [`--token-file - < ${file}`, {}]],
  ['descriptor', (_, file) => [`--token-file /dev/fd/3 3< ${file}`, {}]],
];

test.each(ways)(
  'a token passed by %s is in no environment and no command line',
  async (way, script) => {
    const { agent, token } = await startAgent(way, script);
    for (const secret of [token, PASSWORD]) {
      // The brackets keep the pattern from matching itself.
      const pattern = `[${secret.slice(0, 1)}]${secret.slice(1)}`;
      const search = `!cd /proc; grep -sal '${pattern}' [0-9]*/environ [0-9]*/cmdline; env | grep -c '${pattern}'; ls -l $PPID/fd | grep -c token`;
      expect(await runCommand(way, search)).toBe('0\n0\n');
    }
    expect(readFileSync(`/proc/${agent.pid}/comm`, 'utf8')).toBe('signalbox\n');
    agent.kill('SIGTERM');
    expect(await agent.exited).toBe(0);
  },
  60_000,
);

test('other processes of its user cannot inspect an agent, and its commands can inspect themselves', async () => {
  const script = (token: string): [string, Record<string, string>] => [
    '',
    { SIGNALBOX_AGENT_TOKEN: token },
  ];
  const { agent } = await startAgent('nobody', script, asNobody);
  const inspect = `!cat /proc/$PPID/environ 2>/dev/null && echo readable
head -c 1 /proc/$PPID/mem 2>&1 | grep -o denied
cat /proc/$$/environ | tr '\\0' '\\n' | grep -c ^HOME=
mkdir repository && cd repository && git init -q . && git status --porcelain && echo git`;
  expect(await runCommand('nobody', inspect)).toBe('denied\n1\ngit\n');
  agent.kill('SIGINT');
  expect(await agent.exited).toBe(0);
}, 60_000);

test('the hub keeps its password only in memory, and its process', async () => {
  for (const file of ['environ', 'cmdline']) {
    expect(readFileSync(`/proc/${hub.pid}/${file}`, 'utf8')).not.toContain(PASSWORD);
  }
  const health = (await (await fetch(`${url}/healthz`)).json()) as { pid: number };
  expect(health.pid).toBe(hub.pid);
});

test('the hub hides its password wherever the name of the command is', async () => {
  const other = startProcess([binary, '--', 'serve'], {
    SIGNALBOX_ADMIN_PASSWORD: PASSWORD,
    SIGNALBOX_PORT: '0',
    SIGNALBOX_DATA: join(folder.path, 'other'),
  });
  await other.waitForOutput(/Signalbox is ready at/);
  expect(readFileSync(`/proc/${other.pid}/environ`, 'utf8')).not.toContain(PASSWORD);
  other.kill('SIGTERM');
  await other.exited;
});
