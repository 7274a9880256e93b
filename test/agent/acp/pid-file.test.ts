import { expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgentFixture } from '../../support/agent/agent-fixture.ts';
import { createWorkFolder, scriptedProgram } from '../../support/agent/scripted-program.ts';

test('the next agent kills the processes that a crashed agent left running', async () => {
  const fixture = createAgentFixture({ acknowledge: true });
  const work = createWorkFolder(fixture);
  const state = join(fixture.folder, 'state');
  mkdirSync(state);
  const mark = Bun.randomUUIDv7();
  const left = Bun.spawn(['sleep', '77'], {
    detached: true,
    env: { ...process.env, SIGNALBOX_COMMAND_ID: mark },
  });
  writeFileSync(
    join(state, 'acp-running.json'),
    JSON.stringify([{ mark, pid: left.pid, start: null }]),
  );
  await fixture.connect({ acp: scriptedProgram(fixture), cwd: work });
  expect(await left.exited).not.toBe(0);
  await fixture[Symbol.asyncDispose]();
});
