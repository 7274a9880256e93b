// A hostile repository, and an AI program that does what it says, in the folder of a compiled agent.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { startAgentBinary } from '../support/binary.ts';
import { instruct } from '../support/agent/scripted-program.ts';
import { createTrapProgram, traps } from '../support/agent/traps.ts';
import { createRepository } from '../support/agent/work-repository.ts';
import { openDashboard } from '../support/hub/dashboard.ts';
import type { RunningProcess } from '../support/processes.ts';
import { useSharedHub } from '../support/shared-hub.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const FILES = { 'one.txt': 'a\nb\nc\n' };
const PROGRAM = join(import.meta.dir, '../support/agent/acp-program-process.ts');

const hub = useSharedHub();
const folder = createTemporaryFolder();
const work = join(folder.path, 'work');
let agent: RunningProcess;
let dashboard: Awaited<ReturnType<typeof openDashboard>>;
beforeAll(async () => {
  createRepository(work, FILES);
  dashboard = await openDashboard(hub);
  await dashboard.connect({ issueToken: () => Promise.resolve(hub.adminToken) });
  // The program keeps its conversations in its home folder.
  const acp = `env HOME=${folder.path} ${process.execPath} ${PROGRAM}`;
  agent = await startAgentBinary(hub.url, 'agent', folder.path, ['--cwd', work, '--acp', acp]);
  while (!(await readAgent()).capabilities.includes('prompt'));
}, 60_000);
afterAll(async () => {
  agent.kill('SIGTERM');
  await agent.exited;
  folder.remove();
});

async function readAgent(): Promise<AgentSummary> {
  const response = await fetch(`${hub.url}/api/v1/agents/agent`, { headers: hub.admin });
  return (await response.json()) as AgentSummary;
}

/** Runs a prompt; returns its output and the stored command. */
async function prompt(text: string) {
  const commandId = await dashboard.request(text);
  await dashboard.waitForStatus(commandId, 'completed');
  await dashboard.waitForComplete(commandId);
  const path = `${hub.url}/api/v1/commands/${commandId}`;
  const command = (await (await fetch(path, { headers: hub.admin })).json()) as CommandExecution;
  return { output: dashboard.outputOf(commandId), command };
}

test('code execution: counting the changes of a prompt runs no program of a repository', async () => {
  const program = createTrapProgram(folder.path);
  const nested = join(work, 'nested');
  createRepository(nested, FILES);
  for (const repository of [work, nested]) {
    for (const name of ['a clean filter', 'fsmonitor', 'hooks in .git/hooks', 'an external diff']) {
      traps[name]?.set(repository, program.path);
    }
  }
  // The program also adds a filter during its turn.
  const script = `git config filter.y.clean ${program.path}; mkdir -p .git/info
echo '* filter=y' > .git/info/attributes; printf 'a\\nb\\nd\\n' | tee one.txt > nested/one.txt`;
  const { output, command } = await prompt(
    instruct('run', { command: 'sh', args: ['-c', script] }),
  );
  expect(output).toContain('"exitCode":0');
  expect(command.changes).toEqual({ files: 1, added: 1, removed: 1 });
  expect(program.hasRun()).toBe(false);

  Bun.spawnSync(['git', 'add', '--all'], { cwd: work });
  expect(program.hasRun()).toBe(true);
}, 60_000);

test('pipes, devices and links to other files are rejected at once, and block no other access', async () => {
  const secret = join(folder.path, 'secret.txt');
  writeFileSync(secret, 'secret');
  Bun.spawnSync(['mkfifo', 'pipe'], { cwd: work });
  for (const [name, target] of [
    ['zero', '/dev/zero'],
    ['tty', '/dev/tty'],
    ['environment', '/proc/self/environ'],
    ['link', secret],
    ['outside', folder.path],
  ] as const) {
    symlinkSync(target, join(work, name));
  }
  const paths = [
    'pipe',
    'zero',
    'tty',
    'environment',
    'link',
    'outside/secret.txt',
    '../secret.txt',
  ];
  for (const path of [...paths.map((name) => `${work}/${name}`), secret, '/proc/self/environ']) {
    for (const [word, fields] of [
      ['read', { path }],
      ['write', { path, content: 'evil' }],
    ] as const) {
      const { output } = await prompt(instruct(word, fields));
      expect([path, output]).toEqual([path, expect.stringContaining('error:')]);
      expect(output).not.toContain('secret\n');
    }
  }
  expect(await Bun.file(secret).text()).toBe('secret');
  const { output } = await prompt(instruct('read', { path: join(work, 'one.txt') }));
  expect(output).toContain('a\nb');
}, 60_000);
