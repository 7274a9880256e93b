// `logs` and `interrupt` accept the beginning of an ID.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { AcceptedCommand } from '../../src/protocol/api.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';

let fixture: CliFixture;
let ids: string[];

beforeAll(async () => {
  fixture = await startCliFixture(['a1']);
  ids = [];
  for (const text of ['first', 'second']) {
    const { stderr } = await fixture.cli.run('run', '--agent', 'a1', `!echo ${text}`);
    ids.push(stderr.trim().split(' ').at(-1)!);
  }
});
afterAll(() => fixture.stop());

/** The shortest beginning that only one of both IDs has. */
function shortest(id: string): string {
  const other = ids.find((candidate) => candidate !== id)!;
  let length = 1;
  while (other.startsWith(id.slice(0, length))) length += 1;
  return id.slice(0, length);
}

describe('logs', () => {
  test.each([
    ['a full ID', String],
    ['a unique prefix', shortest],
    ['a prefix in upper case', (id: string) => shortest(id).toUpperCase()],
  ])('accepts %s', async (_, shorten) => {
    expect((await fixture.cli.run('logs', shorten(ids[0]!))).stdout).toBe('first\n');
    expect((await fixture.cli.run('logs', '-f', shorten(ids[1]!))).stdout).toBe('second\n');
  });

  test('rejects a prefix of several IDs, and lists them', async () => {
    const { stderr, exitCode } = await fixture.cli.run('logs', '0');
    expect(stderr).toMatch(/^Error: Several command IDs start with "0": /);
    for (const id of ids) expect(stderr).toContain(id);
    expect(exitCode).toBe(1);
  });

  test('rejects an unknown prefix', async () => {
    const { stderr, exitCode } = await fixture.cli.run('logs', 'fff');
    expect(stderr).toBe('Error: No command ID starts with "fff".\n');
    expect(exitCode).toBe(1);
  });

  test('rejects an unknown ID', async () => {
    const id = '00000000-0000-7000-8000-000000000000';
    expect((await fixture.cli.run('logs', id)).stderr).toBe('Error: Command not found.\n');
  });
});

test('an ID that is older than the latest 1,000 commands must be complete', async () => {
  const bodies = Array.from({ length: 1000 }, (_, i) => `!true ${i}`);
  const running = await queue('!echo ready; sleep 77');
  await fixture.waitForStatus(running, 'running');
  while (bodies.length > 0) {
    // Cancelled before the next ones are sent, because a queue holds 100 commands.
    const sent = await Promise.all(bodies.splice(0, 100).map(queue));
    await Promise.all(
      sent.map((id) => fixture.api(`/commands/${id}/interrupt`, { method: 'POST' })),
    );
  }
  const { stderr } = await fixture.cli.run('logs', shortest(ids[0]!));
  expect(stderr).toMatch(/^Error: None of the latest 1,000 .* Use the full ID\.\n$/);
  expect((await fixture.cli.run('logs', ids[0]!)).stdout).toBe('first\n');
  expect((await fixture.cli.run('interrupt', running)).exitCode).toBe(0);
}, 120_000);

test('interrupt accepts a unique prefix', async () => {
  const id = await queue('!sleep 77');
  const { stdout, exitCode } = await fixture.cli.run('interrupt', id.slice(0, -1));
  expect(stdout).toBe(`Interrupt requested for command ${id}\n`);
  expect(exitCode).toBe(0);
  await fixture.waitForStatus(id, 'interrupted');
});

test.each(['logs', 'interrupt'])('the examples of %s --help have no placeholder', async (name) => {
  const { stdout } = await fixture.cli.run(name, '--help');
  expect(stdout).toContain('unique prefix');
  expect(stdout).not.toContain('…');
});

async function queue(command: string): Promise<string> {
  const body = JSON.stringify({ agentId: 'a1', command });
  const { commandId } = await fixture.api<AcceptedCommand>('/commands', { method: 'POST', body });
  return commandId;
}
