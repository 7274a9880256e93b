// What the next agent process does after a crash.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { join } from 'node:path';
import { startTimeOf } from '../../../src/agent/process/table.ts';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import { createAgentProcesses, waitForLogText } from '../../support/agent/agent-processes.ts';
import type { AgentSocket } from '../../support/agent/scripted-hub.ts';
import { createFile, waitForFile } from '../../support/agent/steps.ts';
import { isRunning, pollUntil } from '../../support/processes.ts';

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

/** Reads the journal of the running agent. */
function readJournal<T>(read: (database: Database) => T): T {
  const database = new Database(join(fixture.folder, 'state/journal.db'), { readonly: true });
  try {
    return read(database);
  } finally {
    database.close();
  }
}

/** Resolves when the output in the journal contains a text. */
async function journaled(text: string): Promise<void> {
  const sql = 'SELECT 1 FROM output WHERE data LIKE ?';
  await pollUntil(() => readJournal((database) => database.query(sql).get(`%${text}%`)) !== null);
}

function outputLines(hub: AgentSocket, commandId: string): string[] {
  return hub
    .outputsOf(commandId)
    .map((output) => output.data)
    .join('')
    .split('\n')
    .filter((line) => line !== '');
}

test('kills what the command left running and reports it as crashed with its output', async () => {
  const agent = processes.start();
  const hub = await fixture.hub.waitForAgent();
  hub.sendWelcome();
  const id = hub.execute(
    `!trap '' HUP INT TERM; setsid sleep 77 & echo $!; echo $$; sleep 78 & echo $!; wait; echo never`,
  );
  await pollUntil(() => outputLines(hub, id).length === 3);
  await pollUntil(() => isRunning(Number(outputLines(hub, id)[0])));
  await journaled(outputLines(hub, id)[2]!);
  agent.kill('SIGKILL');
  await agent.exited;
  const pids = outputLines(hub, id).map(Number);
  expect(pids.map(isRunning)).toEqual([true, true, true]);

  const next = processes.start();
  const second = await fixture.hub.waitForAgent();
  expect(pids.map(isRunning)).toEqual([false, false, false]);
  expect(second.connectMessage.journalId).toBe(hub.connectMessage.journalId);
  expect(second.connectMessage.instanceId).not.toBe(hub.connectMessage.instanceId);
  expect(second.connectMessage.held).toMatchObject([
    { commandId: id, attempt: 1, firstSequence: 0, lostBytes: 0, finished: true },
  ]);
  second.sendWelcome({ resume: [{ commandId: id, nextSequence: 0 }] });
  const { finished, stdout } = await second.waitForFinished(id);
  expect(stdout.trim().split('\n').map(Number)).toEqual(pids);
  expect(finished).toMatchObject({
    outcome: 'failed',
    exitCode: null,
    error: { code: 'agent_crashed' },
  });
  next.kill('SIGKILL');
  await next.exited;
});

test('reports the crash again until it is acknowledged', async () => {
  const { commandId } = await processes.crash('!echo one; sleep 77', 'one');
  fixture.start();
  const second = await fixture.hub.waitForAgent();
  second.sendWelcome({ resume: [{ commandId, nextSequence: 1 }] });
  const { finished, outputs } = await second.waitForFinished(commandId);
  expect(finished.error?.code).toBe('agent_crashed');
  expect(outputs).toEqual([]);
});

test('does not run the same attempt again', async () => {
  const { commandId } = await processes.crash('!echo one; echo ran >>log; sleep 77', 'one');
  const hub = await fixture.connect();
  hub.execute('!echo ran >>log', { commandId });
  const { stdout } = await hub.waitForFinished(hub.execute('!cat log'));
  expect(stdout).toBe('ran\n');
});

test('does not hold an acknowledged command, and does not run it again', async () => {
  const agent = processes.start();
  const hub = await fixture.hub.waitForAgent();
  hub.sendWelcome();
  const id = hub.execute('!echo ran >>log');
  await hub.waitForFinished(id);
  hub.send({ type: 'command:acknowledged', commandId: id });
  await hub.waitForFinished(hub.execute('!true'));
  agent.kill('SIGKILL');
  await agent.exited;
  const second = await fixture.connect();
  expect(second.connectMessage.held?.some((held) => held.commandId === id)).toBe(false);
  second.execute('!echo ran >>log', { commandId: id });
  expect((await second.waitForFinished(second.execute('!cat log'))).stdout).toBe('ran\n');
});

test('reports a result that was not acknowledged, with all its output', async () => {
  const agent = processes.start();
  const hub = await fixture.hub.waitForAgent();
  hub.sendWelcome();
  const id = hub.execute('!for i in 1 2 3 4 5; do echo $i; sleep 0.02; done; exit 6');
  await hub.waitForFinished(id);
  agent.kill('SIGKILL');
  await agent.exited;
  fixture.start();
  const second = await fixture.hub.waitForAgent();
  second.sendWelcome({ resume: [{ commandId: id, nextSequence: 0 }] });
  const { finished, stdout } = await second.waitForFinished(id);
  expect(finished).toMatchObject({ outcome: 'failed', exitCode: 6 });
  expect(finished.error).toBeUndefined();
  expect(stdout).toBe('1\n2\n3\n4\n5\n');
});

test('reports the exact size of a gap from before the crash', async () => {
  const agent = processes.start();
  const hub = await fixture.hub.waitForAgent();
  hub.sendWelcome();
  const id = hub.execute(
    `!printf 123; ${waitForFile('go')}; head -c 3000000 /dev/zero | tr '\\0' x; touch written; sleep 77`,
  );
  await hub.waitForOutput(id, '123');
  await fixture.hub.stop();
  await waitForLogText(agent, 'no connection');
  await createFile(fixture, 'go');
  const sql = 'SELECT next_offset FROM commands';
  const nextOffset = () =>
    readJournal((database) => database.query<{ next_offset: number }, []>(sql).get())?.next_offset;
  await pollUntil(() => nextOffset() === 3_000_003);
  // The hub cannot resume in the middle of output that was never sent, so those positions are not kept.
  const positions = readJournal((database) =>
    database.query('SELECT sequence FROM output WHERE data IS NULL').all(),
  );
  expect(positions).toHaveLength(2);
  agent.kill('SIGKILL');
  await agent.exited;
  const other = createAgentFixture();
  other.start({ stateDir: join(fixture.folder, 'state') });
  const second = await other.hub.waitForAgent();
  second.sendWelcome({ resume: [{ commandId: id, nextSequence: 1 }] });
  const { gaps, stdout } = await second.waitForFinished(id);
  expect(gaps).toHaveLength(1);
  expect(gaps[0]!.bytes + stdout.length).toBe(3_000_000);
  await other[Symbol.asyncDispose]();
});

test.each([
  ['with another start time', () => null],
  ['with the same start time but without the mark', startTimeOf],
])('does not kill an unrelated process with the same PID %s', async (_, startTime) => {
  const { commandId } = await processes.crash('!echo one; sleep 77', 'one');
  const unrelated = Bun.spawn(['sleep', '77'], { detached: true });
  const database = new Database(join(fixture.folder, 'state/journal.db'));
  database.run(
    'UPDATE commands SET pid = ?, process_start = coalesce(?, process_start) WHERE command_id = ?',
    [unrelated.pid, startTime(unrelated.pid), commandId],
  );
  database.close();
  await fixture.connect();
  expect(isRunning(unrelated.pid)).toBe(true);
  unrelated.kill('SIGKILL');
  await unrelated.exited;
});
