// `signalbox agent` without --type detects the installed AI program. With --acp it starts any ACP program.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addAgent, buildBinary, signInToApi, startHubBinary } from '../support/binary.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
const bin = join(folder.path, 'bin');
const scripted = join(import.meta.dir, '../support/agent/acp-program-process.ts');
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let token: string;

beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
  token = await addAgent(hub.url, 'a1', 'gemini');
});
beforeEach(() => {
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin);
});
afterAll(async () => {
  hub.kill('SIGTERM');
  await hub.exited;
  folder.remove();
});

function install(name: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\nexec ${process.execPath} ${scripted}\n`);
  chmodSync(join(bin, name), 0o755);
}

const agent = (...flags: string[]) =>
  startProcess(
    [
      buildBinary(),
      'agent',
      '--hub',
      hub.url,
      '--id',
      'a1',
      '--state',
      join(folder.path, 's'),
    ].concat(flags),
    { SIGNALBOX_AGENT_TOKEN: token, PATH: `${bin}:/usr/bin:/bin`, HOME: folder.path },
    folder.path,
  );

describe('without --type', () => {
  test('the agent uses the only installed program', async () => {
    install('gemini');
    const running = agent();
    await running.waitForOutput(/Found Gemini CLI; using --type gemini/);
    await running.waitForOutput(/connected to/);
    const headers = await signInToApi(hub.url);
    const known = await fetch(`${hub.url}/api/v1/agents/a1`, { headers });
    expect(await known.json()).toMatchObject({ status: 'online', agentType: 'gemini' });
    running.kill('SIGTERM');
    expect(await running.exited).toBe(0);
  });

  test('the agent exits with an error if no program is installed', async () => {
    const running = agent();
    expect(await running.exited).toBe(1);
    expect(running.output()).toContain(
      'No AI program is installed on this machine. Set the type with --type.',
    );
  });

  test('the agent exits with an error if two programs are installed', async () => {
    install('gemini');
    install('codex-acp');
    const running = agent();
    expect(await running.exited).toBe(1);
    expect(running.output()).toContain(
      'Found several AI programs: gemini, codex. Choose one with --type.',
    );
  });
});

test('--acp starts a program from a command line', async () => {
  install('my-agent');
  const running = agent('--type', 'gemini', '--acp', `'${join(bin, 'my-agent')}' --quiet`);
  await running.waitForOutput(/my-agent is ready for prompts/);
  running.kill('SIGTERM');
  expect(await running.exited).toBe(0);
});
