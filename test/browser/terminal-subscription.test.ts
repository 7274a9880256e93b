// One command's output on a screen: what is written, and what the hub is asked for.
import { expect, test } from 'bun:test';
import { createTerminal } from '../../src/browser/terminal-subscription.ts';
import type { HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';

const version = '1.0.0';
const about = { version, commandId: 'c1' };

/** A screen that keeps what it is given, as slow as the test likes. */
function setUp() {
  const screen: string[] = [];
  const asked: string[] = [];
  const states: string[] = [];
  let backlog = 0;
  const terminal = createTerminal({
    display: {
      write: (text) => void screen.push(text),
      line: (text) => void screen.push(`[${text}]`),
      clear: () => void screen.splice(0),
      backlog: () => backlog,
    },
    send(message) {
      if (message.type === 'terminal:attach')
        asked.push(`attach ${message.commandId} ${message.afterSequence}`);
      if (message.type === 'terminal:detach') asked.push(`detach ${message.commandId}`);
      return true;
    },
    onState: (state) => void states.push(state),
  });
  const output = (sequence: number, data = String(sequence)) =>
    terminal.hear({ type: 'terminal:output', ...about, data, stream: 'stdout', sequence });
  const hear = (message: HubToDashboard) => terminal.hear(message);
  const lag = (characters: number) => {
    backlog = characters;
  };
  return { terminal, screen, asked, states, output, hear, lag };
}

const gap = (fromSequence: number, toSequence: number): HubToDashboard => ({
  type: 'terminal:gap',
  ...about,
  fromSequence,
  toSequence,
  bytes: 2048,
  reason: 'buffer_overflow',
});
const complete = (lastSequence: number): HubToDashboard => ({
  type: 'terminal:complete',
  ...about,
  lastSequence,
  totalBytes: 2048,
});

test('a command is attached from its start, and each piece is written once', () => {
  const { terminal, screen, asked, output } = setUp();
  terminal.show('c1');
  terminal.show('c1');
  expect(asked).toEqual(['attach c1 -1']);
  for (const sequence of [0, 1, 0, 1, 2]) output(sequence);
  expect(screen).toEqual(['0', '1', '2']);
});

test('what belongs to another command is not shown', () => {
  const { terminal, screen } = setUp();
  terminal.show('c2');
  terminal.hear({ type: 'terminal:output', ...about, data: 'x', stream: 'stdout', sequence: 0 });
  expect(screen).toEqual([]);
});

test('another command leaves the one before, and clears the screen', () => {
  const { terminal, screen, asked, output } = setUp();
  terminal.show('c1');
  output(0);
  terminal.show('c2');
  expect(asked).toEqual(['attach c1 -1', 'detach c1', 'attach c2 -1']);
  expect(screen).toEqual([]);
});

test('a hole is asked for once, and nothing is written until it has come', () => {
  const { terminal, screen, asked, output } = setUp();
  terminal.show('c1');
  for (const sequence of [0, 3, 4, 5]) output(sequence);
  expect(screen).toEqual(['0']);
  expect(asked).toEqual(['attach c1 -1', 'attach c1 0']);
  for (const sequence of [1, 2, 3, 4, 5]) output(sequence);
  expect(screen).toEqual(['0', '1', '2', '3', '4', '5']);
});

test('a gap is a line on the screen, told once', () => {
  const { terminal, screen, output, hear } = setUp();
  terminal.show('c1');
  hear(gap(0, 7));
  hear(gap(0, 7));
  output(7);
  expect(screen).toEqual(['[2.0 KB lost: buffer overflow]', '7']);
});

test('the end is told once, and only when everything before it has come', () => {
  const { terminal, screen, states, asked, output, hear } = setUp();
  terminal.show('c1');
  output(0);
  hear(complete(1));
  expect(states.at(-1)).toBe('live');
  expect(asked.at(-1)).toBe('attach c1 0');
  output(1);
  hear(complete(1));
  hear(complete(1));
  expect(screen).toEqual(['0', '1', '[end of output, 2.0 KB]']);
  expect(states.at(-1)).toBe('complete');
});

test('a screen that cannot keep up leaves, and comes back where it stands once it has drawn', () => {
  const { terminal, asked, output, lag } = setUp();
  terminal.show('c1');
  lag(2_000_000);
  output(0);
  output(1);
  expect(asked).toEqual(['attach c1 -1', 'detach c1']);
  expect(terminal.positions()).toEqual([]);
  lag(0);
  terminal.drawn();
  terminal.drawn();
  expect(asked.at(-1)).toBe('attach c1 1');
  expect(asked).toHaveLength(3);
});

test('a resumed connection goes on by itself from the position it gave', () => {
  const { terminal, asked, screen, output } = setUp();
  terminal.show('c1');
  output(0);
  expect(terminal.positions()).toEqual([{ commandId: 'c1', afterSequence: 0 }]);
  terminal.welcome({ resumed: true, sameHub: true });
  expect(asked).toEqual(['attach c1 -1']);
  output(1);
  expect(screen).toEqual(['0', '1']);
});

test('a connection that could not be resumed attaches after what was shown', () => {
  const { terminal, asked, screen, output } = setUp();
  terminal.show('c1');
  output(0);
  terminal.positions();
  terminal.welcome({ resumed: false, sameHub: true });
  expect(asked.at(-1)).toBe('attach c1 0');
  expect(screen).toEqual(['0']);
});

test('a hub started anew counts anew: the screen is cleared and filled from the start', () => {
  const { terminal, asked, screen, output } = setUp();
  terminal.show('c1');
  output(0, 'before');
  terminal.positions();
  terminal.welcome({ resumed: false, sameHub: false });
  expect(screen).toEqual([]);
  expect(asked.at(-1)).toBe('attach c1 -1');
  output(0, 'after');
  expect(screen).toEqual(['after']);
});

test('a command chosen while the page was cut off is attached after the welcome', () => {
  const { terminal, asked } = setUp();
  terminal.show('c1');
  terminal.positions();
  terminal.show('c2');
  terminal.welcome({ resumed: true, sameHub: true });
  expect(asked.at(-1)).toBe('attach c2 -1');
});

test('a command the hub did not know while it waited is asked for again once it runs', () => {
  const { terminal, asked, hear } = setUp();
  const running: HubToDashboard = {
    type: 'command:status',
    ...about,
    agentId: 'a',
    status: 'running',
  };
  terminal.show('c1');
  hear(running);
  expect(asked).toHaveLength(1);
  hear({ type: 'error', ...about, code: 'command_unknown', message: 'No.' });
  hear(running);
  hear(running);
  expect(asked).toEqual(['attach c1 -1', 'attach c1 -1']);
});
