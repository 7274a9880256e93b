// What the agent does for any runner, seen with one that the test moves by hand.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type {
  RunContext,
  CommandSpec,
  Run,
  ExitStatus,
  Runner,
  StopLevel,
} from '../../src/agent/runner.ts';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import type { AgentSocket } from '../support/agent/scripted-hub.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

const QUESTION = {
  title: 'May I?',
  options: [
    { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
    { optionId: 'no', name: 'No', kind: 'reject_once' },
  ],
};

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realTimeBelowMs: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** A runner of prompts that does what the test says. */
function createPuppet() {
  const steps: StopLevel[] = [];
  const jobs: CommandSpec[] = [];
  let end: (end: ExitStatus) => void = () => undefined;
  let host: RunContext | null = null;
  let capabilities = ['prompt', '/review'];
  let changed = () => {};
  let isClosed = false;

  const runner: Runner = {
    name: 'puppet',
    version: '1',
    capabilities: () => capabilities,
    subscribe(act) {
      changed = act;
    },
    start(job, itsHost): Run {
      jobs.push(job);
      host = itsHost;
      const { promise: ended, resolve } = Promise.withResolvers<ExitStatus>();
      end = resolve;
      return {
        exited: ended,
        stop(step) {
          steps.push(step);
          if (step === 'kill') resolve({ kind: 'signaled', signal: 'SIGKILL' });
          return true;
        },
        pause: () => undefined,
        resume: () => undefined,
      };
    },
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };

  return {
    runner,
    steps,
    jobs,
    end: (how: ExitStatus) => end(how),
    host(): RunContext {
      if (!host) throw new Error('nothing was started');
      return host;
    },
    can(what: string[]) {
      capabilities = what;
      changed();
    },
    isClosed: () => isClosed,
  };
}

const resolved = (hub: AgentSocket, approvalId: string, optionId = 'yes') =>
  hub.send({ type: 'approval:resolved', approvalId, outcome: 'selected', optionId });

describe('choice', () => {
  test('each command goes to the runner that can run it', async () => {
    const puppet = createPuppet();
    const hub = await fixture.connect({ clock, runners: [puppet.runner] });
    expect(hub.connectMessage.capabilities).toEqual(['prompt', '/review']);
    expect(hub.connectMessage.runner?.name).toBe('puppet');
    for (const command of ['write a poem', '/review now', '!true', '/unknown']) {
      const id = hub.execute(command);
      if (
        puppet.runner
          .capabilities()
          .some((one) => command.startsWith(one) || !/^[!/]/.test(command))
      ) {
        await hub.waitFor('command:started', (message) => message.commandId === id);
        puppet.end({ kind: 'exited', exitCode: 0 });
      }
      await hub.waitForFinished(id);
    }
    const outcomes = hub.received.flatMap((message) =>
      message.type === 'command:finished' ? [message.error?.code ?? message.outcome] : [],
    );
    expect(outcomes).toEqual(['completed', 'completed', 'invalid_command', 'invalid_command']);
    expect(puppet.jobs.map((job) => job.command)).toEqual(['write a poem', '/review now']);
    expect(puppet.jobs[0]?.session).toBe('continue');
  });

  test('changed capabilities are told', async () => {
    const puppet = createPuppet();
    const hub = await fixture.connect({ clock, runners: [puppet.runner] });
    await hub.waitForFinished(hub.execute('!true'));
    puppet.can(['prompt']);
    expect(await hub.waitFor('agent:capabilities')).toMatchObject({ capabilities: ['prompt'] });
  });

  test('a runner is closed with its agent', async () => {
    const puppet = createPuppet();
    await fixture.start({ clock, runners: [puppet.runner] }).stop();
    expect(puppet.isClosed()).toBe(true);
  });

  test('a failure is told as the runner tells it', async () => {
    const puppet = createPuppet();
    const hub = await fixture.connect({ clock, runners: [puppet.runner] });
    const id = hub.execute('x');
    await hub.waitFor('command:started');
    const error = { code: 'program_failed', message: 'It had no idea.' } as const;
    puppet.end({ kind: 'failed', error });
    expect((await hub.waitForFinished(id)).finished).toMatchObject({
      outcome: 'failed',
      exitCode: null,
      error,
    });
  });
});

describe('questions', () => {
  test('are asked, answered, and confirmed once the program has the answer', async () => {
    const puppet = createPuppet();
    const hub = await fixture.connect({ clock, runners: [puppet.runner] });
    const commandId = hub.execute('x');
    await hub.waitFor('command:started');
    const asked = puppet.host().requestApproval({ ...QUESTION, detail: 'rm -rf' });
    const request = await hub.waitFor('approval:request');
    expect(request).toMatchObject({ ...QUESTION, detail: 'rm -rf', commandId });
    resolved(hub, request.approvalId);
    const answer = await asked;
    expect(answer).toMatchObject({ outcome: 'selected', optionId: 'yes' });
    expect(hub.received.some((message) => message.type === 'approval:applied')).toBe(false);
    answer.confirm();
    expect((await hub.waitFor('approval:applied')).approvalId).toBe(request.approvalId);
  });

  test('open ones are asked again after every welcome, an applied answer is confirmed again', async () => {
    const puppet = createPuppet();
    const hub = await fixture.connect({ clock, runners: [puppet.runner] });
    const commandId = hub.execute('x');
    await hub.waitFor('command:started');
    const first = puppet.host().requestApproval(QUESTION);
    const one = await hub.waitFor('approval:request');
    resolved(hub, one.approvalId);
    (await first).confirm();
    void puppet.host().requestApproval({ ...QUESTION, title: 'And this?' });
    await hub.waitFor('approval:request', (message) => message.title === 'And this?');
    const lost = fixture.waitForLog(/no connection/);
    hub.terminate();
    await lost;
    clock.advance(500);
    const second = await fixture.hub.waitForAgent();
    second.sendWelcome({ resume: [{ commandId, nextSequence: 0 }] });
    const again = await second.waitFor('approval:request');
    expect(again.title).toBe('And this?');
    resolved(second, one.approvalId);
    expect((await second.waitFor('approval:applied')).approvalId).toBe(one.approvalId);
    expect(second.received.filter((message) => message.type === 'approval:request')).toHaveLength(
      1,
    );
  });

  test('the wait for an answer does not count against the time-out', async () => {
    const puppet = createPuppet();
    const hub = await fixture.connect({ clock, runners: [puppet.runner] });
    hub.execute('x', { timeoutMs: 10_000 });
    await hub.waitFor('command:started');
    clock.advance(6_000);
    const asked = puppet.host().requestApproval(QUESTION);
    const { approvalId } = await hub.waitFor('approval:request');
    clock.advance(20_000);
    resolved(hub, approvalId);
    await asked;
    // Whoever awaits the answer goes on before the time does.
    await Promise.resolve();
    clock.advance(3_999);
    expect(puppet.steps).toEqual([]);
    clock.advance(1);
    expect(puppet.steps).toEqual(['interrupt']);
  });

  test('a stop cancels them, and escalates', async () => {
    const puppet = createPuppet();
    const hub = await fixture.connect({ clock, runners: [puppet.runner] });
    const id = hub.execute('x');
    await hub.waitFor('command:started');
    const asked = puppet.host().requestApproval(QUESTION);
    await hub.waitFor('approval:request');
    hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
    expect((await asked).outcome).toBe('cancelled');
    expect((await puppet.host().requestApproval(QUESTION)).outcome).toBe('cancelled');
    clock.advance(5_000);
    clock.advance(5_000);
    expect(puppet.steps).toEqual(['interrupt', 'terminate', 'kill']);
    expect((await hub.waitForFinished(id)).finished.outcome).toBe('interrupted');
  });

  test('a detail of any size fits into a message', async () => {
    const puppet = createPuppet();
    const hub = await fixture.connect({ clock, runners: [puppet.runner] });
    hub.execute('x');
    await hub.waitFor('command:started');
    void puppet.host().requestApproval({ ...QUESTION, detail: '\u0001'.repeat(2_000_000) });
    const { detail } = await hub.waitFor('approval:request');
    expect(detail?.length).toBe(65_537);
    expect(detail?.endsWith('…')).toBe(true);
  });

  test('what does not fit into a message is never sent', async () => {
    const puppet = createPuppet();
    const hub = await fixture.connect({ clock, runners: [puppet.runner] });
    const id = hub.execute('x');
    await hub.waitFor('command:started');
    const logged = fixture.waitForLog(/exceeds the maximum message size/);
    void puppet.host().requestApproval({ ...QUESTION, title: 'x'.repeat(2_000_000) });
    await logged;
    puppet.end({ kind: 'exited', exitCode: 0 });
    expect((await hub.waitForFinished(id)).finished.outcome).toBe('completed');
  });
});
