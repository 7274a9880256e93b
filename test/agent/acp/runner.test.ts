// The runner for AI programs, with the scripted program.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { acpPrograms } from '../../../src/agent/acp/programs.ts';
import { readProgramPid } from '../../support/agent/acp-suite.ts';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import {
  createWorkFolder,
  instruct,
  runPrompt,
  scriptedProgram,
} from '../../support/agent/scripted-program.ts';
import { interrupt, roundTrip } from '../../support/agent/steps.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createModelServer } from '../../support/models/server.ts';
import { findProcesses, isRunning, parseFirstNumber, pollUntil } from '../../support/processes.ts';

let fixture: AgentFixture;
let work: string;

beforeEach(() => {
  fixture = createAgentFixture({ acknowledge: true });
  work = createWorkFolder(fixture);
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
  expect(findProcesses(fixture.folder)).toEqual([]);
});

const options = (env?: Record<string, string>) => ({
  acp: scriptedProgram(fixture, env),
  cwd: work,
});

describe('capabilities', () => {
  test('include the slash commands that can be typed', async () => {
    const hub = await fixture.connect(options());
    if (!hub.connectMessage.capabilities.includes('/review')) {
      await hub.waitFor('agent:capabilities');
    }
    const updates = hub.received.flatMap((message) =>
      message.type === 'agent:capabilities' ? [message.capabilities] : [],
    );
    const latest = updates.at(-1) ?? hub.connectMessage.capabilities;
    expect(latest).toEqual(['prompt', '/review', 'shell', 'files']);
    const described = hub.received.findLast(({ type }) => type === 'agent:capabilities');
    expect(described ?? hub.connectMessage).toMatchObject({
      descriptions: { '/review': 'Reviews the changes.' },
    });
  });

  test('are limited to the shell if the program is signed out; the notice contains the command to sign in', async () => {
    const hub = await fixture.connect(options({ TEST_LOGIN: 'missing' }));
    expect(hub.connectMessage.capabilities).toEqual(['shell', 'files']);
    expect(hub.connectMessage.notice).toContain('scripted login');
    expect((await hub.waitForFinished(hub.execute('!echo yes'))).stdout).toBe('yes\n');
  });

  test('are limited to the shell if the program is not installed', async () => {
    const acp = { title: 'Nothing', argv: ['signalbox-no-such-program'], install: 'get it' };
    const hub = await fixture.connect({ acp, cwd: work });
    expect(hub.connectMessage.capabilities).toEqual(['shell', 'files']);
    expect(hub.connectMessage.notice).toContain('is not installed');
    expect(hub.connectMessage.notice).toContain('get it');
  });

  test('come with a notice if the program fails to start', async () => {
    const hub = await fixture.connect(options({ TEST_START: 'crash' }));
    expect(hub.connectMessage.notice).toBe(
      'Scripted failed to start (exit code 3). The configuration file is missing.',
    );
  });
});

describe('the end of a turn', () => {
  test.each([
    ['refusal', 'refused'],
    ['max_tokens', 'maximum number of output tokens'],
    ['max_turn_requests', 'maximum number of model requests'],
    ['cancelled', 'cancelled the turn'],
  ])('with stop reason %s is a failure with a message', async (reason, message) => {
    const { finished } = await runPrompt(fixture, work, `@stop ${reason}`);
    expect(finished).toMatchObject({ outcome: 'failed', exitCode: 1 });
    expect(finished.error?.message).toContain(message);
  });

  test('is a failure if the program reports an error but ends the turn normally', async () => {
    const { isFailure } = acpPrograms.codex;
    const acp = { ...scriptedProgram(fixture), ...(isFailure && { isFailure }) };
    const hub = await fixture.connect({ acp, cwd: work });
    const turn = (type: string) =>
      instruct('update', [
        { sessionUpdate: 'session_info_update', _meta: { codex: { threadStatus: { type } } } },
      ]);
    const first = await hub.waitForFinished(hub.execute(turn('active')));
    expect(first.finished.outcome).toBe('completed');
    const failed = await hub.waitForFinished(hub.execute(turn('systemError')));
    expect(failed.finished).toMatchObject({ outcome: 'failed', error: { code: 'program_failed' } });
    const next = await hub.waitForFinished(hub.execute(turn('active')));
    expect(next.finished.outcome).toBe('completed');
  });
});

describe('the result of a turn that has ended by itself', () => {
  /** Runs a turn that has ended, but one of its processes still keeps the output of a killed command open. */
  async function endTurn() {
    const clock = createManualClock({ realTimeBelowMs: 100 });
    const hub = await fixture.connect({ ...options(), clock });
    await roundTrip(hub);
    const timers = clock.countTimers();
    const command = '(env -i setsid sh -c "echo ready; exec sleep 77" &); exec sleep 77';
    const id = hub.execute(`@leave ${command}`, { timeoutMs: 1_000 });
    // The new timers are the timeout, the time limit of the kill, and the 500 ms for background processes.
    await pollUntil(() => clock.countTimers() === timers + 3);
    return { clock, hub, id };
  }

  test('is not changed by an interrupt', async () => {
    const { clock, hub, id } = await endTurn();
    interrupt(hub, id);
    await roundTrip(hub);
    clock.advance(500);
    const { finished } = await hub.waitForFinished(id);
    expect(finished).toMatchObject({ outcome: 'completed', exitCode: 0 });
  });

  test('is not changed by a timeout', async () => {
    const { clock, hub, id } = await endTurn();
    clock.advance(1_000);
    const { finished } = await hub.waitForFinished(id);
    expect(finished).toMatchObject({ outcome: 'completed', exitCode: 0 });
  });
});

describe('a conversation', () => {
  test('that cannot be continued is replaced, and the transcript says so', async () => {
    await runPrompt(fixture, work, '@stop end_turn');
    await fixture.stopAll();
    const hub = await fixture.connect(options({ TEST_LOAD: 'no' }));
    const { stdout } = await hub.waitForFinished(hub.execute('@stop end_turn'));
    expect(stdout).toContain('could not be continued');
  });

  test('whose history arrives late does not show it again', async () => {
    const model = createModelServer();
    model.respondWith(() => ({ text: ['An answer.'] }));
    const env = { TEST_LOAD: 'late', ANTHROPIC_BASE_URL: model.url };
    const acp = { ...scriptedProgram(fixture, env), sendsHistoryLate: true };
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
});

describe('an interrupt', () => {
  test('stops what the program has started, but not the program', async () => {
    const hub = await fixture.connect(options());
    const id = hub.execute('@spawn');
    await hub.waitForOutput(id, '\n');
    const pid = parseFirstNumber(hub.outputsOf(id)[0]!.data);
    const programPid = readProgramPid(join(fixture.folder, 'state'));
    interrupt(hub, id);
    expect((await hub.waitForFinished(id)).finished.outcome).toBe('interrupted');
    expect(isRunning(pid)).toBe(false);
    expect(readProgramPid(join(fixture.folder, 'state'))).toBe(programPid);
    expect(isRunning(programPid)).toBe(true);
  });

  test('escalates to SIGINT, SIGTERM and SIGKILL if the program does not respond', async () => {
    const clock = createManualClock({ realTimeBelowMs: 2_000 });
    const hub = await fixture.connect({ ...options(), clock });
    const id = hub.execute('@ignoreSignals');
    await hub.waitForOutput(id, 'ready');
    interrupt(hub, id);
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
