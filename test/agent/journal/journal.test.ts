import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';

let fixture: AgentFixture;

beforeEach(() => {
  fixture = createAgentFixture();
});
afterEach(() => fixture[Symbol.asyncDispose]());

test('the start of a command is in the journal before its program runs', async () => {
  const hub = await fixture.connect();
  // The program reads the journal itself.
  await Bun.write(
    join(fixture.folder, 'read-journal.ts'),
    `import { Database } from 'bun:sqlite';
     const database = new Database('state/journal.db', { readonly: true });
     console.log(JSON.stringify(database.query('SELECT state, pid FROM commands').all()));`,
  );
  const id = hub.execute(`!echo $$; ${process.execPath} read-journal.ts`);
  const { stdout } = await hub.waitForFinished(id);
  const [pid, rows] = stdout.split('\n');
  expect(JSON.parse(rows ?? '')).toEqual([{ state: 'started', pid: Number(pid) }]);
  expect(hub.received[0]).toMatchObject({ type: 'command:started', commandId: id });
});

test.each([
  ['random bytes', (path: string) => writeFileSync(path, 'x'.repeat(10_000))],
  ['another schema version', (path: string) => update(path, 'PRAGMA user_version = 99')],
  [
    'a damaged page',
    (path: string) => {
      update(path, 'PRAGMA wal_checkpoint(TRUNCATE)');
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.fill(0x5a, 100));
    },
  ],
  [
    'an invalid result',
    (path: string) =>
      update(
        path,
        `INSERT INTO commands (command_id, attempt, state, result) VALUES ('a', 1, 'finished', '{}')`,
      ),
  ],
])('a journal with %s is moved aside and replaced by one with another ID', async (_, damage) => {
  const first = fixture.start();
  const hub = await fixture.hub.waitForAgent();
  await first.stop();
  damage(join(fixture.folder, 'state/journal.db'));
  const second = await fixture.connect();
  expect(second.connectMessage.journalId).not.toBe(hub.connectMessage.journalId);
  expect(second.connectMessage.held).toEqual([]);
  expect(fixture.logLines.join('\n')).toContain('cannot read the journal');
  const files = readdirSync(join(fixture.folder, 'state'));
  expect(files.some((file) => file.startsWith('journal.db.corrupt-'))).toBe(true);
  const { finished } = await second.waitForFinished(second.execute('!true'));
  expect(finished.outcome).toBe('completed');
});

function update(path: string, sql: string): void {
  const database = new Database(path);
  database.run(sql);
  database.close();
}
