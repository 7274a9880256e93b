import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import { createAgentProcesses } from '../support/agent/agent-processes.ts';
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
