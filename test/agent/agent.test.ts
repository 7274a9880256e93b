import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import { createAgentProcesses } from '../support/agent/agent-processes.ts';
import type { AgentSocket } from '../support/agent/scripted-hub.ts';
import { createFile, roundTrip, waitForFile } from '../support/agent/steps.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { isRunning, parseFirstNumber, pollUntil } from '../support/processes.ts';

let fixture: AgentFixture;
let processes: ReturnType<typeof createAgentProcesses>;

beforeEach(() => {
  fixture = createAgentFixture();
  processes = createAgentProcesses(fixture);
});
afterEach(async () => {
  processes.killAll();
  await fixture[Symbol.asyncDispose]();
});

/** Asserts that the agent neither ran `!touch ran` nor reported anything about the commands. */
function expectNeverStarted(hub: AgentSocket, commandIds: readonly string[]): void {
  const reported = hub.received.flatMap((m) => ('commandId' in m ? [m.commandId] : []));
  expect(reported.filter((id) => commandIds.includes(id))).toEqual([]);
  expect(existsSync(join(fixture.folder, 'ran'))).toBe(false);
}

describe('stop', () => {
  test('stops the command, reports its result and disconnects', async () => {
    const agent = fixture.start();
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute('!echo ready; sleep 77');
    await hub.waitForOutput(id, 'ready');
    const stopped = agent.stop();
    const { finished } = await hub.waitForFinished(id);
    expect(finished.outcome).toBe('interrupted');
    hub.execute('!touch ran');
    hub.send({ type: 'command:acknowledged', commandId: id });
    await stopped;
    expect(await agent.ended).toMatchObject({ exitCode: 0 });
    expect(await hub.closed).toBe(1000);
    expect((await fixture.connect()).connectMessage.held).toEqual([]);
    expect(existsSync(join(fixture.folder, 'ran'))).toBe(false);
  });

  test('times out if the hub does not acknowledge', async () => {
    const clock = createManualClock({ realTimeBelowMs: 100 });
    const agent = fixture.start({ clock });
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    await hub.waitForFinished(hub.execute('!true'));
    const stopped = agent.stop();
    await pollUntil(() => {
      clock.advance(100);
      return Bun.peek.status(stopped) === 'fulfilled';
    });
    const next = await fixture.connect({ clock });
    expect(next.connectMessage.held).toHaveLength(1);
  });

  test('never starts or reports a command that arrives while the running one is stopped', async () => {
    const agent = fixture.start();
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute(
      `!trap 'echo stopping; ${waitForFile('exit')}; exit' INT; echo ready; while :; do sleep 0.02; done`,
    );
    await hub.waitForOutput(id, 'ready');
    const stopped = agent.stop();
    await hub.waitForOutput(id, 'stopping');
    const next = hub.execute('!touch ran');
    await roundTrip(hub);
    await createFile(fixture, 'exit');
    await hub.waitForFinished(id);
    hub.send({ type: 'command:acknowledged', commandId: id });
    await stopped;
    expect(await hub.closed).toBe(1000);
    expectNeverStarted(hub, [next]);
    expect((await fixture.connect()).connectMessage.held).toEqual([]);
  });

  test('never starts or reports a command that arrives at any moment until the socket is closed', async () => {
    const agent = fixture.start();
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute('!echo ready; sleep 77');
    await hub.waitForOutput(id, 'ready');
    const stopped = agent.stop();
    const next: string[] = [];
    void hub.waitForFinished(id).then(() => {
      hub.send({ type: 'command:acknowledged', commandId: id });
    });
    await pollUntil(() => {
      next.push(hub.execute('!touch ran'));
      return Bun.peek.status(hub.closed) === 'fulfilled';
    });
    await stopped;
    expect(await hub.closed).toBe(1000);
    expectNeverStarted(hub, next);
    expect((await fixture.connect()).connectMessage.held).toEqual([]);
  });

  test.each(['before', 'after'])(
    'never starts a command that arrives in the tick of the stop, sent %s it',
    async (order) => {
      const agent = fixture.start();
      const hub = await fixture.hub.waitForAgent();
      hub.sendWelcome();
      await roundTrip(hub);
      const stopped = order === 'after' ? agent.stop() : null;
      const id = hub.execute('!touch ran');
      await (stopped ?? agent.stop());
      expect(await hub.closed).toBe(1000);
      expectNeverStarted(hub, [id]);
    },
  );

  test('before the welcome never starts a command', async () => {
    const agent = fixture.start();
    const hub = await fixture.hub.waitForAgent();
    const stopped = agent.stop();
    hub.sendWelcome();
    const id = hub.execute('!touch ran');
    await stopped;
    expect(await hub.closed).toBe(1000);
    expectNeverStarted(hub, [id]);
  });

  test('while offline leaves a command whose start could not be sent to the next start, which reports it', async () => {
    const clock = createManualClock({ realTimeBelowMs: 100 });
    const agent = fixture.start({ clock });
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    await roundTrip(hub);
    const disconnected = fixture.waitForLog(/no connection/);
    const id = hub.execute('!: > ran; sleep 77');
    hub.close(1001);
    await disconnected;
    await pollUntil(() => existsSync(join(fixture.folder, 'ran')));
    expect(hub.received.some((message) => message.type === 'command:started')).toBe(false);
    await agent.stop();
    const next = await fixture.connect();
    expect(next.connectMessage.held).toMatchObject([{ commandId: id, attempt: 1, finished: true }]);
    expect((await next.waitForFinished(id)).finished.outcome).toBe('interrupted');
  });

  test('on SIGTERM the process stops the command and exits with code 0', async () => {
    const agent = processes.start();
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute('!echo $$; sleep 77');
    await hub.waitForOutput(id, '\n');
    agent.kill('SIGTERM');
    const { finished, stdout } = await hub.waitForFinished(id);
    expect(finished.outcome).toBe('interrupted');
    hub.send({ type: 'command:acknowledged', commandId: id });
    expect(await agent.exited).toBe(0);
    expect(isRunning(parseFirstNumber(stdout))).toBe(false);
  });
});

test('an invalid hub URL ends the agent with exit code 1', async () => {
  const agent = fixture.start({ hub: 'ftp://x' });
  expect(await agent.ended).toEqual({
    exitCode: 1,
    reason: 'Invalid hub URL: ftp://x. Use an http:// or https:// URL.',
  });
});

describe('state folder', () => {
  test('is private', async () => {
    await fixture.connect();
    expect(statSync(join(fixture.folder, 'state')).mode & 0o777).toBe(0o700);
  });

  test('can be used by one process only: a second one exits with code 1', async () => {
    await fixture.connect();
    const second = processes.start();
    expect(await second.exited).toBe(1);
    expect(await new Response(second.stdout).text()).toContain('Another agent process is using');
  });

  test('is unlocked by a crash and by a stop', async () => {
    await processes.crash('!echo one', 'one');
    const agent = fixture.start();
    (await fixture.hub.waitForAgent()).sendWelcome();
    await agent.stop();
    await fixture.connect();
  });
});
