import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import {
  createWorkFolder,
  instruct,
  runPrompt,
  scriptedProgram,
} from '../../support/agent/scripted-program.ts';

let fixture: AgentFixture;
let work: string;

beforeEach(() => {
  fixture = createAgentFixture({ acknowledge: true });
  work = createWorkFolder(fixture);
});
afterEach(() => fixture[Symbol.asyncDispose]());

test('files in the folder can be read by range, and written', async () => {
  writeFileSync(join(work, 'in.txt'), 'one\ntwo\nthree\nfour\n');
  const path = join(work, 'in.txt');
  const read = await runPrompt(fixture, work, instruct('read', { path, line: 2, limit: 2 }));
  expect(read.stdout).toBe('two\nthree\n');
  await fixture.stopAll();
  const out = join(work, 'new/deep/out.txt');
  const write = await runPrompt(fixture, work, instruct('write', { path: out, content: 'hi' }));
  expect(write.stdout).toBe('written\n');
  expect(readFileSync(out, 'utf8')).toBe('hi');
});

test('files outside the folder are rejected, whatever the path', async () => {
  const secret = join(fixture.folder, 'secret.txt');
  writeFileSync(secret, 'secret');
  symlinkSync(secret, join(work, 'link.txt'));
  symlinkSync(fixture.folder, join(work, 'folder'));
  symlinkSync(join(fixture.folder, 'created.txt'), join(work, 'dangling.txt'));
  const hub = await fixture.connect({ acp: scriptedProgram(fixture), cwd: work });
  const run = (prompt: string) => hub.waitForFinished(hub.execute(prompt));
  for (const path of [
    secret,
    '/etc/passwd',
    join(work, 'link.txt'),
    join(work, 'folder/secret.txt'),
    `${work}/../secret.txt`,
  ]) {
    const read = await run(instruct('read', { path }));
    expect(read.stdout).toContain('is outside of');
    const write = await run(instruct('write', { path, content: 'x' }));
    expect(write.stdout).toContain('is outside of');
  }
  const path = join(work, 'dangling.txt');
  const write = await run(instruct('write', { path, content: 'x' }));
  expect(write.stdout).toContain('error:');
  expect(existsSync(join(fixture.folder, 'created.txt'))).toBe(false);
  expect(readFileSync(secret, 'utf8')).toBe('secret');
});

test('pipes, folders and other special files are rejected at once', async () => {
  Bun.spawnSync(['mkfifo', 'pipe'], { cwd: work });
  mkdirSync(join(work, 'folder'));
  using socket = Bun.listen({ unix: join(work, 'socket'), socket: { data() {} } });
  expect(socket.unix).toBe(join(work, 'socket'));
  const hub = await fixture.connect({ acp: scriptedProgram(fixture), cwd: work });
  for (const name of ['pipe', 'folder', 'socket', '.']) {
    for (const instruction of [
      instruct('read', { path: join(work, name) }),
      instruct('write', { path: join(work, name), content: 'x' }),
    ]) {
      const { stdout } = await hub.waitForFinished(hub.execute(instruction));
      expect(stdout).toContain('error:');
    }
  }
  writeFileSync(join(work, 'long.txt'), 'a long text');
  const path = join(work, 'long.txt');
  await hub.waitForFinished(hub.execute(instruct('write', { path, content: 'short' })));
  expect(readFileSync(path, 'utf8')).toBe('short');
});
