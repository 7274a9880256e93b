// Shell commands on one interactive terminal.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import type { AgentSocket } from '../../support/agent/scripted-hub.ts';
import { interrupt } from '../../support/agent/steps.ts';

let fixture: AgentFixture;
let hub: AgentSocket;

beforeAll(async () => {
  fixture = createAgentFixture({ acknowledge: true });
  hub = await fixture.connect({ pty: true });
});
afterAll(() => fixture[Symbol.asyncDispose]());

const run = (command: string) => hub.waitForFinished(hub.execute(command));
const type = (commandId: string, data: string) =>
  hub.send({ type: 'command:input', commandId, data });

test('the agent has the capability pty', () => {
  expect(hub.connectMessage.capabilities).toEqual(['shell', 'pty', 'files']);
});

test('stdin, stdout and stderr are one terminal, and nothing is echoed before the command', async () => {
  const { stdout, stderr, finished } = await run(
    '!test -t 0 && test -t 1 && test -t 2 && tty </dev/tty >/dev/null && echo all; echo err >&2; exit 3',
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'all\r\nerr\r\n', stderr: '' });
  expect(finished).toMatchObject({ outcome: 'failed', exitCode: 3 });
});

test('keystrokes reach the program and are echoed', async () => {
  const id = hub.execute('!read -r -p "name? " name; echo "hello $name"');
  await hub.waitForOutput(id, 'name? ');
  type(id, 'wörld\r');
  const { stdout } = await hub.waitForFinished(id);
  expect(stdout).toBe('name? wörld\r\nhello wörld\r\n');
});

test('Ctrl-C is passed to the program as a keystroke', async () => {
  const id = hub.execute(
    '!trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.02; done',
  );
  await hub.waitForOutput(id, 'ready');
  type(id, '\x03');
  const { finished, stdout } = await hub.waitForFinished(id);
  expect(stdout).toContain('caught');
  expect(finished).toMatchObject({ outcome: 'failed', exitCode: 9 });
});

test('a resize reaches the program', async () => {
  const id = hub.execute('!trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.02; done');
  await hub.waitForOutput(id, 'ready');
  hub.send({ type: 'terminal:resize', commandId: id, cols: 132, rows: 43 });
  expect((await hub.waitForFinished(id)).stdout).toContain('43 132');
});

test('a program in raw mode receives every byte and no flow control characters', async () => {
  await Bun.write(
    `${fixture.folder}/raw.py`,
    `import os, sys, tty
tty.setraw(0)
os.write(1, b"ready")
got = b""
while not got.endswith(b"q"): got += os.read(0, 100)
os.write(1, got.hex().encode())
os.write(1, b"x" * 3000000)
`,
  );
  const id = hub.execute('!python3 raw.py');
  await hub.waitForOutput(id, 'ready');
  type(id, '\x13\x11\x03\x04q');
  const { stdout } = await hub.waitForFinished(id);
  expect(stdout.slice(0, 15)).toBe('ready1311030471');
});

test('20 MB arrive complete: flow control pauses the terminal', async () => {
  const { stdout, gaps } = await run(`!head -c 20000000 /dev/zero | tr '\\0' x`);
  expect(gaps).toEqual([]);
  expect(stdout.length).toBe(20_000_000);
}, 20_000);

test('an interrupt stops the command and its background processes', async () => {
  const id = hub.execute('!echo ready; sleep 77');
  await hub.waitForOutput(id, 'ready');
  interrupt(hub, id);
  expect((await hub.waitForFinished(id)).finished).toMatchObject({
    outcome: 'interrupted',
    signal: 'SIGINT',
  });
});
