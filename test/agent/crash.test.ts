import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { Database } from 'bun:sqlite';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import type { AgentSocket } from '../support/agent/scripted-hub.ts';
import { isRunning, parseFirstNumber, pollUntil } from '../support/processes.ts';

const ENTRY = join(import.meta.dir, '../support/agent/agent-process.ts');

let fixture: AgentFixture;
const children: Bun.Subprocess[] = [];

beforeEach(() => {
  fixture = createAgentFixture();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await fixture[Symbol.asyncDispose]();
});

/** Starts an agent as a process of its own. */
function spawnAgent() {
  const options = {
    hub: fixture.hub.url,
    agentId: 'tester',
    agentType: 'claude',
    token: 'secret',
    cwd: fixture.folder,
    stateDir: join(fixture.folder, 'state'),
    pty: false,
  };
  const child = Bun.spawn([process.execPath, ENTRY, JSON.stringify(options)], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  children.push(child);
  return child;
}

/** Starts an agent process, runs `command` in it until it has written `text`, and kills it with SIGKILL. */
async function crash(command: string, text: string) {
  const child = spawnAgent();
  const hub = await fixture.hub.waitForAgent();
  hub.sendWelcome();
  const id = hub.execute(command);
  await hub.waitForOutput(id, text);
  child.kill('SIGKILL');
  await child.exited;
  return { hub, id };
}

/** Resolves when the journal on disk has output with this text in it. */
async function journaled(text: string): Promise<void> {
  await pollUntil(() => {
    const database = new Database(join(fixture.folder, 'state/journal.db'), { readonly: true });
    const row = database.query('SELECT 1 FROM output WHERE data LIKE ?').get(`%${text}%`);
    database.close();
    return row !== null;
  });
}

/** Resolves once an agent process has logged this. */
async function says(child: ReturnType<typeof spawnAgent>, text: string): Promise<void> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let said = ''; !said.includes(text);) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`it ended without a word of "${text}"`);
    said += value;
  }
}

describe('an agent that was killed', () => {
  test('ends what it left running, whatever that ignores, and reports it as crashed with the output it holds', async () => {
    const child = spawnAgent();
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute(
      `!trap '' HUP INT TERM; setsid sleep 77 & echo $!; echo $$; sleep 78 & echo $!; wait; echo never`,
    );
    await pollUntil(() => lines(hub, id).length === 3);
    await pollUntil(() => isRunning(Number(lines(hub, id)[0])));
    await journaled(lines(hub, id)[2]!);
    child.kill('SIGKILL');
    await child.exited;
    const pids = lines(hub, id).map(Number);
    expect(pids.map(isRunning)).toEqual([true, true, true]);

    const next = spawnAgent();
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

  test('reports it again after another crash, until it is acknowledged', async () => {
    const { id } = await crash('!echo one; sleep 77', 'one');
    fixture.start();
    const second = await fixture.hub.waitForAgent();
    second.sendWelcome({ resume: [{ commandId: id, nextSequence: 1 }] });
    const { finished, outputs } = await second.waitForFinished(id);
    expect(finished.error?.code).toBe('agent_crashed');
    expect(outputs).toEqual([]);
  });

  test('never runs the same attempt again', async () => {
    const { id } = await crash('!echo one; echo ran >>log; sleep 77', 'one');
    const hub = await fixture.connect();
    hub.execute('!echo ran >>log', { commandId: id });
    const probe = hub.execute('!cat log');
    expect((await hub.waitForFinished(probe)).stdout).toBe('ran\n');
  });

  test('has forgotten what was acknowledged, but not that it was run', async () => {
    const child = spawnAgent();
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute('!echo ran >>log');
    await hub.waitForFinished(id);
    hub.send({ type: 'command:acknowledged', commandId: id });
    await hub.waitForFinished(hub.execute('!true'));
    child.kill('SIGKILL');
    await child.exited;
    const second = await fixture.connect();
    expect(second.connectMessage.held?.some((held) => held.commandId === id)).toBe(false);
    second.execute('!echo ran >>log', { commandId: id });
    expect((await second.waitForFinished(second.execute('!cat log'))).stdout).toBe('ran\n');
  });

  test('still knows a result that was not acknowledged, with all its output', async () => {
    const child = spawnAgent();
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute('!for i in 1 2 3 4 5; do echo $i; sleep 0.02; done; exit 6');
    await hub.waitForFinished(id);
    child.kill('SIGKILL');
    await child.exited;
    fixture.start();
    const second = await fixture.hub.waitForAgent();
    second.sendWelcome({ resume: [{ commandId: id, nextSequence: 0 }] });
    const { finished, stdout } = await second.waitForFinished(id);
    expect(finished).toMatchObject({ outcome: 'failed', exitCode: 6 });
    expect(finished.error).toBeUndefined();
    expect(stdout).toBe('1\n2\n3\n4\n5\n');
  });

  test('counts a gap to the byte, though the output was dropped before the crash', async () => {
    const child = spawnAgent();
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute(
      `!printf 123; until test -e go; do sleep 0.01; done; head -c 3000000 /dev/zero | tr '\\0' x; touch written; sleep 77`,
    );
    await hub.waitForOutput(id, '123');
    await fixture.hub.stop();
    await says(child, 'no connection');
    await Bun.write(join(fixture.folder, 'go'), '');
    await pollUntil(() => {
      const database = new Database(join(fixture.folder, 'state/journal.db'), { readonly: true });
      const row = database
        .query<{ next_offset: number }, []>('SELECT next_offset FROM commands')
        .get();
      database.close();
      return row?.next_offset === 3_000_003;
    });
    // Nobody can ask from the middle of what was never sent: its places are not kept.
    const database = new Database(join(fixture.folder, 'state/journal.db'), { readonly: true });
    const places = database.query('SELECT sequence FROM output WHERE data IS NULL').all();
    database.close();
    expect(places).toHaveLength(2);
    child.kill('SIGKILL');
    await child.exited;
    const other = createAgentFixture();
    other.start({ stateDir: join(fixture.folder, 'state') });
    const second = await other.hub.waitForAgent();
    second.sendWelcome({ resume: [{ commandId: id, nextSequence: 1 }] });
    const { gaps, stdout } = await second.waitForFinished(id);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]!.bytes + stdout.length).toBe(3_000_000);
    await other[Symbol.asyncDispose]();
  });

  test('leaves a stranger alone that has the number of its old process', async () => {
    const { id } = await crash('!echo one; sleep 77', 'one');
    const stranger = Bun.spawn(['sleep', '77'], { detached: true });
    const database = new Database(join(fixture.folder, 'state/journal.db'));
    database.run('UPDATE commands SET pid = ? WHERE command_id = ?', [stranger.pid, id]);
    database.close();
    await fixture.connect();
    expect(isRunning(stranger.pid)).toBe(true);
    stranger.kill('SIGKILL');
    await stranger.exited;
  });

  test('whose process has the same number and start, but not the mark, leaves it alone', async () => {
    const { id } = await crash('!echo one; sleep 77', 'one');
    const stranger = Bun.spawn(['sleep', '77'], { detached: true });
    const { startTimeOf } = await import('../../src/agent/process/table.ts');
    const database = new Database(join(fixture.folder, 'state/journal.db'));
    database.run('UPDATE commands SET pid = ?, process_start = ? WHERE command_id = ?', [
      stranger.pid,
      startTimeOf(stranger.pid),
      id,
    ]);
    database.close();
    await fixture.connect();
    expect(isRunning(stranger.pid)).toBe(true);
    stranger.kill('SIGKILL');
    await stranger.exited;
  });
});

describe('command:started', () => {
  test('is sent once the journal has it, and before the program does anything', async () => {
    const hub = await fixture.connect();
    // The program itself looks into the journal and at what the hub has heard.
    await Bun.write(
      join(fixture.folder, 'look.ts'),
      `import { Database } from 'bun:sqlite';
       const database = new Database('state/journal.db', { readonly: true });
       console.log(JSON.stringify(database.query('SELECT state, pid FROM commands').all()));`,
    );
    const id = hub.execute(`!echo $$; ${process.execPath} snapshot.ts`);
    const { stdout } = await hub.waitForFinished(id);
    const [pid, journal] = stdout.split('\n');
    expect(JSON.parse(journal ?? '')).toEqual([{ state: 'started', pid: Number(pid) }]);
    expect(hub.received[0]).toMatchObject({ type: 'command:started', commandId: id });
  });
});

describe('the state folder', () => {
  test('is private', async () => {
    await fixture.connect();
    expect(statSync(join(fixture.folder, 'state')).mode & 0o777).toBe(0o700);
  });

  test('serves one agent process: another exits 1 and says why', async () => {
    await fixture.connect();
    const second = spawnAgent();
    expect(await second.exited).toBe(1);
    expect(await new Response(second.stdout).text()).toContain('Another agent process is using');
  });

  test('is free again after a crash, and after an end', async () => {
    await crash('!echo one', 'one');
    const agent = fixture.start();
    (await fixture.hub.waitForAgent()).sendWelcome();
    await agent.stop();
    await fixture.connect();
  });

  test('a process that is told to end by SIGTERM exits 0', async () => {
    const child = spawnAgent();
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute('!echo $$; sleep 77');
    await hub.waitForOutput(id, '\n');
    child.kill('SIGTERM');
    const { finished, stdout } = await hub.waitForFinished(id);
    expect(finished.outcome).toBe('interrupted');
    hub.send({ type: 'command:acknowledged', commandId: id });
    expect(await child.exited).toBe(0);
    expect(isRunning(parseFirstNumber(stdout))).toBe(false);
  });

  test.each([
    ['garbage', (path: string) => writeFileSync(path, 'x'.repeat(10_000))],
    [
      'another format',
      (path: string) => {
        const database = new Database(path);
        database.run('PRAGMA user_version = 99');
        database.close();
      },
    ],
    [
      'a damaged page',
      (path: string) => {
        const database = new Database(path);
        database.run('PRAGMA wal_checkpoint(TRUNCATE)');
        database.close();
        const bytes = Buffer.from(new Uint8Array(statSync(path).size).fill(0x5a));
        const head = Buffer.from(require('node:fs').readFileSync(path)).subarray(0, 100);
        writeFileSync(path, Buffer.concat([head, bytes.subarray(100)]));
      },
    ],
    [
      'a result that makes no sense',
      (path: string) => {
        const database = new Database(path);
        database.run(
          `INSERT INTO commands (command_id, attempt, state, result) VALUES ('a', 1, 'finished', '{}')`,
        );
        database.close();
      },
    ],
  ])('a journal with %s is moved aside; the new one has another id', async (_, damage) => {
    const first = fixture.start();
    const hub = await fixture.hub.waitForAgent();
    await first.stop();
    const path = join(fixture.folder, 'state/journal.db');
    damage(path);
    const second = await fixture.connect();
    expect(second.connectMessage.journalId).not.toBe(hub.connectMessage.journalId);
    expect(second.connectMessage.held).toEqual([]);
    expect(fixture.logLines.join('\n')).toContain('journal: cannot be read');
    const files = readdirSync(join(fixture.folder, 'state'));
    expect(files.some((file) => file.startsWith('journal.db.corrupt-'))).toBe(true);
    expect((await second.waitForFinished(second.execute('!true'))).finished.outcome).toBe(
      'completed',
    );
  });
});

function lines(hub: AgentSocket, commandId: string): string[] {
  return hub
    .outputsOf(commandId)
    .map((output) => output.data)
    .join('')
    .split('\n')
    .filter((line) => line !== '');
}
