// The client's side of the protocol, and what goes wrong: with a small program that does what its prompt says.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acpPrograms } from '../../../src/agent/acp/programs.ts';
import { readProgramPid } from '../../support/agent/acp-suite.ts';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createModelServer } from '../../support/models/server.ts';
import { findProcesses, isRunning, parseFirstNumber, pollUntil } from '../../support/processes.ts';

let fixture: AgentFixture;
let work: string;

beforeEach(() => {
  fixture = createAgentFixture({ acknowledge: true });
  work = join(fixture.folder, 'work');
  mkdirSync(work);
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
  expect(findProcesses(fixture.folder)).toEqual([]);
});

const program = (env: Record<string, string> = {}) => ({
  title: 'Scripted',
  argv: [process.execPath, join(import.meta.dir, '../../support/agent/acp-program-process.ts')],
  env: { HOME: fixture.folder, ...env },
  signIn: 'scripted login',
});
const options = (env?: Record<string, string>) => ({ acp: program(env), cwd: work });

async function run(command: string) {
  const hub = await fixture.connect(options());
  return hub.waitForFinished(hub.execute(command));
}
const say = (word: string, what: unknown) => `@${word} ${JSON.stringify(what)}`;

describe('capabilities', () => {
  test('slash commands that can be typed are told', async () => {
    const hub = await fixture.connect(options());
    if (!hub.connectMessage.capabilities.includes('/review'))
      await hub.waitFor('agent:capabilities');
    const told = hub.received.flatMap((one) =>
      one.type === 'agent:capabilities' ? [one.capabilities] : [],
    );
    expect(told.at(-1) ?? hub.connectMessage.capabilities).toEqual(['prompt', '/review', 'shell']);
  });

  test('without a login there is the shell, and a word on what mends it', async () => {
    const hub = await fixture.connect(options({ TEST_LOGIN: 'missing' }));
    expect(hub.connectMessage.capabilities).toEqual(['shell']);
    expect(hub.connectMessage.notice).toContain('scripted login');
    expect((await hub.waitForFinished(hub.execute('!echo yes'))).stdout).toBe('yes\n');
  });

  test('a program that is not there is told', async () => {
    const acp = { title: 'Nothing', argv: ['signalbox-no-such-program'], install: 'get it' };
    const hub = await fixture.connect({ acp, cwd: work });
    expect(hub.connectMessage.capabilities).toEqual(['shell']);
    expect(hub.connectMessage.notice).toContain('is not installed');
    expect(hub.connectMessage.notice).toContain('get it');
  });

  test('a program that does not start says why', async () => {
    const hub = await fixture.connect(options({ TEST_START: 'crash' }));
    expect(hub.connectMessage.notice).toBe(
      'Scripted failed to start (exit code 3). The configuration file is missing.',
    );
  });
});

describe('the end of a turn', () => {
  test.each([
    ['refusal', 'refused'],
    ['max_tokens', 'output tokens'],
    ['max_turn_requests', 'model requests'],
    ['cancelled', 'cancelled the turn'],
  ])('%s is a failure that says so', async (reason, words) => {
    const { finished } = await run(`@stop ${reason}`);
    expect(finished).toMatchObject({ outcome: 'failed', exitCode: 1 });
    expect(finished.error?.message).toContain(words);
  });

  test('a conversation that cannot be taken up again begins anew, and says so', async () => {
    await run('@stop end_turn');
    await fixture.stopAll();
    const hub = await fixture.connect(options({ TEST_LOAD: 'no' }));
    const { stdout } = await hub.waitForFinished(hub.execute('@stop end_turn'));
    expect(stdout).toContain('could not be continued');
  });

  test('a past that is told late is not taken for an answer', async () => {
    const model = createModelServer();
    model.respondWith(() => ({ text: ['An answer.'] }));
    const env = { TEST_LOAD: 'late', ANTHROPIC_BASE_URL: model.url };
    const acp = { ...program(env), sendsHistoryLate: true };
    const hub = await fixture.connect({ acp, cwd: work });
    await hub.waitForFinished(hub.execute('Ask'));
    const id = hub.execute('@spawn');
    await hub.waitForOutput(id, '\n');
    process.kill(readProgramPid(join(fixture.folder, 'state')), 'SIGKILL');
    await hub.waitForFinished(id);
    const { stdout } = await hub.waitForFinished(hub.execute('Ask again'));
    expect(stdout).toBe('An answer.\n');
    await model.stop();
  });

  test('a turn that the program ends as if it had not failed is a failure', async () => {
    const { isFailure } = acpPrograms.codex;
    const acp = { ...program(), ...(isFailure && { isFailure }) };
    const hub = await fixture.connect({ acp, cwd: work });
    const turn = (type: string) =>
      say('update', [
        { sessionUpdate: 'session_info_update', _meta: { codex: { threadStatus: { type } } } },
      ]);
    const good = await hub.waitForFinished(hub.execute(turn('active')));
    expect(good.finished.outcome).toBe('completed');
    const bad = await hub.waitForFinished(hub.execute(turn('systemError')));
    expect(bad.finished).toMatchObject({ outcome: 'failed', error: { code: 'program_failed' } });
    const after = await hub.waitForFinished(hub.execute(turn('active')));
    expect(after.finished.outcome).toBe('completed');
  });
});

describe('files', () => {
  test('below the folder are read, from a line on, and written', async () => {
    writeFileSync(join(work, 'in.txt'), 'one\ntwo\nthree\nfour\n');
    const path = join(work, 'in.txt');
    expect((await run(say('read', { path, line: 2, limit: 2 }))).stdout).toBe('two\nthree\n');
    await fixture.stopAll();
    const out = join(work, 'new/deep/out.txt');
    expect((await run(say('write', { path: out, content: 'hi' }))).stdout).toBe('written\n');
    expect(readFileSync(out, 'utf8')).toBe('hi');
  });

  test('elsewhere are refused, by whatever way they are reached', async () => {
    const secret = join(fixture.folder, 'secret.txt');
    writeFileSync(secret, 'secret');
    symlinkSync(secret, join(work, 'link.txt'));
    symlinkSync(fixture.folder, join(work, 'folder'));
    symlinkSync(join(fixture.folder, 'made.txt'), join(work, 'dangling.txt'));
    const hub = await fixture.connect(options());
    for (const path of [
      secret,
      '/etc/passwd',
      join(work, 'link.txt'),
      join(work, 'folder/secret.txt'),
      `${work}/../secret.txt`,
    ]) {
      const read = await hub.waitForFinished(hub.execute(say('read', { path })));
      expect(read.stdout).toContain('is outside of');
      const write = await hub.waitForFinished(hub.execute(say('write', { path, content: 'x' })));
      expect(write.stdout).toContain('is outside of');
    }
    const path = join(work, 'dangling.txt');
    const write = await hub.waitForFinished(hub.execute(say('write', { path, content: 'x' })));
    expect(write.stdout).toContain('error:');
    expect(existsSync(join(fixture.folder, 'made.txt'))).toBe(false);
    expect(readFileSync(secret, 'utf8')).toBe('secret');
  });
});

describe('terminals', () => {
  test('run a command, tell its output and its end, and show it', async () => {
    const { stdout } = await run(
      say('run', { command: 'sh', args: ['-c', "echo 'it''s on'; exit 3"], cwd: work }),
    );
    expect(stdout).toContain('its on');
    expect(stdout).toContain('"output":"its on\\n","truncated":false,"exitCode":3');
  });

  test('keep the end of a long output', async () => {
    const { stdout } = await run(say('run', { command: 'printf äöü12', outputByteLimit: 5 }));
    expect(stdout).toContain('"output":"ü12","truncated":true');
  });

  test('run nowhere else', async () => {
    const { stdout } = await run(say('run', { command: 'pwd', cwd: '/' }));
    expect(stdout).toContain('is outside of');
  });

  test('end with an interrupt, and all they have started', async () => {
    const hub = await fixture.connect(options());
    const id = hub.execute(say('run', { command: 'sleep 77 & echo $!; sleep 78' }));
    await hub.waitForOutput(id, '\n');
    const pid = parseFirstNumber(Bun.stripANSI(hub.outputsOf(id)[0]!.data));
    hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
    expect((await hub.waitForFinished(id)).finished.outcome).toBe('interrupted');
    expect(isRunning(pid)).toBe(false);
  });
});

describe('interrupt', () => {
  test('ends what the program has started and left', async () => {
    const hub = await fixture.connect(options());
    const id = hub.execute('@spawn');
    await hub.waitForOutput(id, '\n');
    const pid = parseFirstNumber(hub.outputsOf(id)[0]!.data);
    const before = readProgramPid(join(fixture.folder, 'state'));
    hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
    expect((await hub.waitForFinished(id)).finished.outcome).toBe('interrupted');
    expect(isRunning(pid)).toBe(false);
    expect(readProgramPid(join(fixture.folder, 'state'))).toBe(before);
    expect(isRunning(before)).toBe(true);
  });

  test('of a program that does not hear grows harder: SIGINT, SIGTERM, SIGKILL', async () => {
    const clock = createManualClock({ realTimeBelowMs: 2_000 });
    const hub = await fixture.connect({ ...options(), clock });
    const id = hub.execute('@ignoreSignals');
    await hub.waitForOutput(id, 'ready');
    hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
    await pollUntil(() => clock.countTimers() > 0);
    hub.ping();
    await hub.waitForPong();
    clock.advance(2_500);
    await hub.waitForOutput(id, 'SIGINT');
    clock.advance(2_500);
    await hub.waitForOutput(id, 'SIGTERM');
    clock.advance(5_000);
    const { finished } = await hub.waitForFinished(id);
    expect(finished).toMatchObject({ outcome: 'interrupted', exitCode: null, signal: 'SIGKILL' });
  });
});

test('what a crashed agent left running is ended by the next', async () => {
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
  await fixture.connect(options());
  expect(await left.exited).not.toBe(0);
});
