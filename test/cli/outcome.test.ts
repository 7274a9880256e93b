// How `logs` and `ps` say what became of a command: in the words of its page.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { AcceptedCommand } from '../../src/protocol/api.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await startCliFixture(['a1', 'a2', 'lost'], ['--queue-ttl', '3s']);
});
afterAll(() => fixture.stop());

async function send(agentId: string, command: string, timeoutMs = 60_000): Promise<string> {
  const body = JSON.stringify({ agentId, command, timeoutMs });
  const { commandId } = await fixture.api<AcceptedCommand>('/commands', { method: 'POST', body });
  return commandId;
}

/** Checks the outcome that both kinds of `logs` print after the output. */
async function expectOutcome(id: string, outcome: RegExp, stdout = ''): Promise<void> {
  const page = await fetch(`${fixture.hub.url}/commands/${id}`, { headers: fixture.cli.headers });
  const html = await page.text();
  for (const words of [['logs'], ['logs', '-f']]) {
    const result = await fixture.cli.run(...words, id);
    expect(result.stderr).toMatch(outcome);
    expect(result).toMatchObject({ stdout, exitCode: 0 });
    for (const part of result.stderr.replaceAll(/[[\]\n]/g, '').split(' · ')) {
      expect(html).toContain(part);
    }
  }
}

test('a command that completed needs no words', async () => {
  const id = await send('a1', '!echo done');
  await fixture.waitForStatus(id, 'completed');
  for (const words of [['logs'], ['logs', '-f']]) {
    expect(await fixture.cli.run(...words, id)).toEqual({
      stdout: 'done\n',
      stderr: '',
      exitCode: 0,
    });
  }
});

test('an exit code', async () => {
  const id = await send('a1', '!echo oops; exit 3');
  await fixture.waitForStatus(id, 'failed');
  await expectOutcome(id, /^\[Failed · .+ · exit 3\]\n$/, 'oops\n');
});

test('a timeout', async () => {
  const id = await send('a1', '!sleep 77', 1_000);
  await fixture.waitForStatus(id, 'failed');
  await expectOutcome(id, /^\[Timed out after 1 s\]\n$/);
});

test('a command that is interrupted, cancelled or expires in the queue', async () => {
  const running = await send('a1', '!sleep 77');
  await fixture.waitForStatus(running, 'running');
  const expired = await send('a1', '!echo expired');
  const cancelled = await send('a1', '!echo cancelled');
  const { stdout } = await fixture.cli.run('ps');
  expect(stdout).toMatch(new RegExp(`${running} +a1 +running`));
  expect(stdout).toMatch(new RegExp(`${cancelled} +a1 +queued`));
  await fixture.cli.run('interrupt', cancelled);
  await fixture.waitForStatus(expired, 'failed');
  await fixture.cli.run('interrupt', running);
  await fixture.waitForStatus(running, 'interrupted');
  await expectOutcome(cancelled, /^\[Cancelled\]\n$/);
  await expectOutcome(expired, /^\[Expired in the queue\]\n$/);
  await expectOutcome(running, /^\[Interrupted · .+ · SIGINT\]\n$/);
}, 60_000);

test('ps shows that a command is being stopped', async () => {
  const id = await send('a1', `!trap '' INT; echo ready; sleep 77 & wait; wait`);
  await fixture.cli.start('logs', '-f', id).waitForOutput(/ready/);
  await fixture.cli.run('interrupt', id);
  expect((await fixture.cli.run('ps')).stdout).toMatch(new RegExp(`${id} +a1 +stopping…`));
  await fixture.waitForStatus(id, 'interrupted');
});

test('an agent that went offline', async () => {
  const id = await send('lost', '!sleep 77');
  await fixture.waitForStatus(id, 'running');
  fixture.agents.get('lost')!.kill('SIGKILL');
  await fixture.waitForAgent('lost', 'offline');
  await fixture.cli.run('interrupt', id);
  await fixture.waitForStatus(id, 'interrupted');
  const { stderr } = await fixture.cli.run('logs', id);
  expect(stderr).toMatch(/^\[Interrupted · Ran .+, then its agent went offline\]\n$/);
});

test('a comparison', async () => {
  const { stdout } = await fixture.cli.run(
    'run',
    '--agent',
    'a1,a2',
    '--timeout',
    '1s',
    '!sleep 77',
  );
  expect(stdout).toMatch(/^a1 +timed out after 1 s +1(\.\d)? s /m);
});
