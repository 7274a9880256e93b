import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { byteLength } from '../../../src/protocol/text.ts';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import type { AgentSocket } from '../../support/agent/scripted-hub.ts';
import { isRunning, parseFirstNumber } from '../../support/processes.ts';

// All tests share one agent.
let fixture: AgentFixture;
let hub: AgentSocket;

beforeAll(async () => {
  fixture = createAgentFixture({ acknowledge: true });
  hub = await fixture.connect();
});
afterAll(() => fixture[Symbol.asyncDispose]());

const run = (command: string) => hub.waitForFinished(hub.execute(command));

describe('results', () => {
  test('exit code 0 completes the command', async () => {
    const { finished } = await run('!true');
    expect(finished).toMatchObject({ outcome: 'completed', exitCode: 0, lastSequence: -1 });
    expect(finished.signal).toBeUndefined();
    expect(finished.error).toBeUndefined();
  });

  test('a non-zero exit code fails the command without an error message', async () => {
    const { finished } = await run('!exit 3');
    expect(finished).toMatchObject({ outcome: 'failed', exitCode: 3 });
    expect(finished.error).toBeUndefined();
  });

  test('a program killed by a signal fails with program_failed and exit code 128 plus the signal number', async () => {
    const { finished } = await run('!kill -SEGV $$');
    expect(finished).toMatchObject({
      outcome: 'failed',
      exitCode: 139,
      signal: 'SIGSEGV',
      error: { code: 'program_failed' },
    });
  });

  test('a missing program is reported on stderr, with exit code 127', async () => {
    const { finished, stderr } = await run('!no-such-program-here');
    expect(finished.exitCode).toBe(127);
    expect(stderr).toContain('no-such-program-here');
  });

  test('a command that starts with a dash is not treated as an option of the shell', async () => {
    const { finished, stderr } = await run('!-x');
    expect(finished.exitCode).toBe(127);
    expect(stderr).toContain('-x: command not found');
  });
});

describe('output', () => {
  test('stdout and stderr are separate', async () => {
    const { stdout, stderr, finished } = await run('!echo out; echo err >&2');
    expect({ stdout, stderr }).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    expect(finished.lastSequence).toBe(1);
  });

  test('the order between the streams is kept, and sequences have no gap', async () => {
    const { outputs } = await run(
      '!for i in 1 2 3 4 5; do echo o$i; sleep 0.03; echo e$i >&2; sleep 0.03; done',
    );
    expect(outputs.map((output) => output.data)).toEqual(
      [1, 2, 3, 4, 5].flatMap((i) => [`o${i}\n`, `e${i}\n`]),
    );
    expect(outputs.map((output) => output.sequence)).toEqual([...outputs.keys()]);
  });

  test('every byte arrives as written: control characters, tabs, no added carriage returns', async () => {
    const { stdout, stderr } = await run(
      String.raw`!printf 'a\nb\r\nc\td\033[31m\001\004\023\021\177\n'; printf 'x\ny\r\n' >&2`,
    );
    expect(stdout).toBe('a\nb\r\nc\td\x1b[31m\x01\x04\x13\x11\x7f\n');
    expect(stderr).toBe('x\ny\r\n');
  });

  test('a byte order mark is kept', async () => {
    const { stdout } = await run(String.raw`!printf '\357\273\277x'`);
    expect(stdout).toBe('\uFEFFx');
  });

  test('stdout is a terminal, so programs do not buffer their output', async () => {
    const id = hub.execute(
      `!test -t 1 && echo tty; python3 -c 'import time; print("now"); time.sleep(30)'`,
    );
    await hub.waitForOutput(id, 'tty\nnow\n');
    hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
    expect((await hub.waitForFinished(id)).finished.outcome).toBe('interrupted');
  });

  test('/dev/stderr can be opened by name', async () => {
    const { stderr, finished } = await run('!echo x | tee /dev/stderr >/dev/null');
    expect(stderr).toBe('x\n');
    expect(finished.exitCode).toBe(0);
  });

  test('stdin is empty', async () => {
    expect((await run('!cat')).finished.exitCode).toBe(0);
  });

  test('messages are at most 10 KB and never split a code point, at any alignment', async () => {
    for (const lead of ['', 'a', 'ab', 'abc']) {
      const text = lead + '😀é漢'.repeat(6_000);
      const { outputs, stdout } = await run(
        `!python3 -c 'import sys; sys.stdout.write("${lead}" + "😀é漢" * 6000)'`,
      );
      expect(stdout === text).toBe(true);
      expect(Math.max(...outputs.map((output) => byteLength(output.data)))).toBeLessThanOrEqual(
        10_240,
      );
    }
  });

  test('a code point that was written in pieces is joined, and an invalid one is replaced', async () => {
    const { stdout } = await run(
      String.raw`!printf '\360\237'; sleep 0.05; printf '\230\200|\377|\342\202'`,
    );
    expect(stdout).toBe('😀|\uFFFD|\uFFFD');
  });

  test('frequent small writes are batched', async () => {
    const { outputs, stdout } = await run('!for i in {1..2000}; do echo $i; done');
    expect(stdout.split('\n').length).toBe(2001);
    expect(outputs.length).toBeLessThan(500);
  });

  test('20 MB arrive complete on either stream: the program is paused for the hub', async () => {
    const write = 'head -c 20000000 /dev/zero | tr "\\0" x';
    const out = await run(`!${write}`);
    expect(out.stdout.length).toBe(20_000_000);
    expect(out.gaps).toEqual([]);
    const err = await run(`!(${write}) >&2`);
    expect(err.stderr.length).toBe(20_000_000);
    expect(err.gaps).toEqual([]);
  }, 20_000);
});

describe('environment', () => {
  test('a command runs in the agent’s folder, in its own session, with its mark and without the agent’s secrets', async () => {
    process.env['SIGNALBOX_TOKEN'] = 'secret';
    const id = hub.execute(
      '!pwd; echo "$SIGNALBOX_COMMAND_ID:$SIGNALBOX_TOKEN:"; ps -o sid= -p $$; echo $$',
    );
    const { stdout } = await hub.waitForFinished(id);
    delete process.env['SIGNALBOX_TOKEN'];
    const [pwd, mark, session, pid] = stdout.split('\n').map((line) => line.trim());
    expect({ pwd, mark }).toEqual({ pwd: fixture.folder, mark: `${id}::` });
    expect(session).toBe(pid);
  });

  test('no file descriptor stays open after many commands', async () => {
    const count = async () => Number((await run(`!ls /proc/${process.pid}/fd | wc -l`)).stdout);
    await run('!true');
    const before = await count();
    for (let i = 0; i < 20; i += 1) await run('!echo x; echo y >&2');
    expect(await count()).toBeLessThanOrEqual(before + 2);
  });
});

describe('background processes', () => {
  test('that keep the output open have 500 ms, then they are killed and the command finishes', async () => {
    const id = hub.execute('!(sleep 0.2; echo late; sleep 77; echo never) & echo pid=$!');
    const before = performance.now();
    const { stdout, finished } = await hub.waitForFinished(id);
    const elapsed = performance.now() - before;
    expect(elapsed).toBeGreaterThan(490);
    expect(elapsed).toBeLessThan(3_000);
    expect(stdout).toMatch(/^pid=\d+\nlate\n$/);
    expect(finished).toMatchObject({ outcome: 'completed', exitCode: 0 });
    expect(isRunning(parseFirstNumber(stdout))).toBe(false);
  });

  test('that keep the output open are killed even if they have left the session', async () => {
    const { stdout, finished } = await run(
      `!setsid env -i bash -c 'echo pid=$$; exec sleep 77' & sleep 0.2`,
    );
    expect(finished.exitCode).toBe(0);
    expect(isRunning(parseFirstNumber(stdout))).toBe(false);
  });

  test('that do not keep the output open keep running', async () => {
    const { stdout } = await run('!sleep 77 >/dev/null 2>&1 & echo $!; date +%s%3N');
    const [pid, endedAt = Number.NaN] = stdout.trim().split('\n').map(Number);
    expect(Date.now() - endedAt).toBeLessThan(450);
    expect(isRunning(pid!)).toBe(true);
    process.kill(pid!, 'SIGKILL');
  });
});
