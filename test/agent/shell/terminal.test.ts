// The terminal of a shell, without the agent around it.
import { afterAll, expect, test } from 'bun:test';
import { openShellTerminal } from '../../../src/agent/shell/terminal.ts';
import { createTemporaryFolder } from '../../support/temporary-folder.ts';

const folder = createTemporaryFolder();
afterAll(folder.remove);

test.each([true, false])(
  'input and a new size for a terminal that has ended have no effect (interactive: %p)',
  async (isInteractive) => {
    const terminal = openShellTerminal({
      shell: '/bin/sh',
      command: 'exit 3',
      cwd: folder.path,
      env: { PATH: `${process.env['PATH']}` },
      isInteractive,
      scratch: folder.path,
      onStdout: () => undefined,
      onStderr: () => undefined,
    });
    terminal.start();
    expect(await terminal.exited).toBe(3);
    // By itself, and then by the agent.
    await terminal.closed;
    terminal.resize(90, 20);
    terminal.close();
    terminal.resize(100, 30);
    terminal.write('x');
    terminal.pause();
    terminal.resume();
  },
);
