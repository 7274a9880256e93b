// A terminal's subscription: what it writes to the display, and what it sends to the hub.
import { expect, test } from 'bun:test';
import {
  createTerminalSubscription,
  prepareResume,
} from '../../src/browser/terminal-subscription.ts';
import { BUFFER_BYTES } from '../../src/protocol/limits.ts';
import type { HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';

const version = '1.0.0';
const about = { version, commandId: 'c1' };

/** Creates a subscription with a display that records what is written and has the backlog the test sets. */
function setUp() {
  const screen: string[] = [];
  const sent: string[] = [];
  const states: string[] = [];
  const drainListeners: (() => void)[] = [];
  const earlierOutput: number[] = [];
  const laterOutput: boolean[] = [];
  let backlog = 0;
  const terminal = createTerminalSubscription({
    display: {
      write: (text) => void screen.push(text),
      writeMarker: (text) => void screen.push(`[${text}]`),
      clear(page) {
        screen.length = 0;
        if (page) screen.push(`[after ${page.linesBefore} lines]`);
      },
      getCapacity: () => ({ rows: 110, columns: 80 }),
      getBacklog: () => backlog,
      onceDrained: (listener) => void drainListeners.push(listener),
    },
    send(message) {
      if (message.type === 'terminal:attach')
        sent.push(
          `attach ${message.commandId} ${message.afterSequence}${message.tailBytes === undefined ? ' all' : ''}${message.epoch === undefined ? '' : ` of ${message.epoch}`}`,
        );
      if (message.type === 'terminal:detach') sent.push(`detach ${message.commandId}`);
      return true;
    },
    onState: (state) => void states.push(state),
    onEarlierOutput: (bytes) => void earlierOutput.push(bytes),
    onLaterOutput: (hasMore) => void laterOutput.push(hasMore),
  });
  const output = (sequence: number, data = String(sequence)) =>
    terminal.handleMessage({ type: 'terminal:output', ...about, data, stream: 'stdout', sequence });
  const receive = (message: HubToDashboard) => terminal.handleMessage(message);
  const setBacklog = (characters: number) => {
    backlog = characters;
  };
  const drain = () => {
    backlog = 0;
    for (const listener of drainListeners.splice(0)) listener();
  };
  return {
    terminal,
    screen,
    sent,
    states,
    earlierOutput,
    laterOutput,
    output,
    receive,
    setBacklog,
    drain,
  };
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

test('attaches from the start, and writes each chunk once', () => {
  const { terminal, screen, sent, output } = setUp();
  terminal.show('c1');
  terminal.show('c1');
  expect(sent).toEqual(['attach c1 -1']);
  for (const sequence of [0, 1, 0, 1, 2]) output(sequence);
  expect(screen).toEqual(['0', '1', '2']);
});

test('ignores the output of other commands', () => {
  const { terminal, screen } = setUp();
  terminal.show('c2');
  terminal.handleMessage({
    type: 'terminal:output',
    ...about,
    data: 'x',
    stream: 'stdout',
    sequence: 0,
  });
  expect(screen).toEqual([]);
});

test('showing another command detaches the previous one and clears the display', () => {
  const { terminal, screen, sent, output } = setUp();
  terminal.show('c1');
  output(0);
  terminal.show('c2');
  expect(sent).toEqual(['attach c1 -1', 'detach c1', 'attach c2 -1']);
  expect(screen).toEqual([]);
});

test('requests missing chunks once, and writes nothing until they arrive', () => {
  const { terminal, screen, sent, output } = setUp();
  terminal.show('c1');
  for (const sequence of [0, 3, 4, 5]) output(sequence);
  expect(screen).toEqual(['0']);
  expect(sent).toEqual(['attach c1 -1', 'attach c1 0']);
  for (const sequence of [1, 2, 3, 4, 5]) output(sequence);
  expect(screen).toEqual(['0', '1', '2', '3', '4', '5']);
});

test('marks a gap once', () => {
  const { terminal, screen, output, receive } = setUp();
  terminal.show('c1');
  receive(gap(0, 7));
  receive(gap(0, 7));
  output(7);
  expect(screen).toEqual(['[2.0 KB of output lost: terminal buffer overflow]', '7']);
});

test('marks the end once, and only after all output has arrived', () => {
  const { terminal, screen, states, sent, output, receive } = setUp();
  terminal.show('c1');
  output(0);
  receive(complete(1));
  expect(states.at(-1)).toBe('live');
  expect(sent.at(-1)).toBe('attach c1 0');
  output(1);
  receive(complete(1));
  receive(complete(1));
  expect(screen).toEqual(['0', '1', '[End of output (2.0 KB)]']);
  expect(states.at(-1)).toBe('complete');
});

test('earlier output that was not asked for is reported above the terminal, later output within it', () => {
  const { terminal, screen, earlierOutput, output, receive } = setUp();
  terminal.show('c1');
  receive({ ...gap(0, 7), reason: 'skipped' } as HubToDashboard);
  output(7);
  expect([screen, earlierOutput]).toEqual([['7'], [0, 2048]]);
  receive({ ...gap(8, 9), reason: 'skipped' } as HubToDashboard);
  expect(screen.at(-1)).toBe('[2.0 KB of earlier output is not shown]');
  terminal.show('c2');
  expect(earlierOutput.at(-1)).toBe(0);
});

test('a display that cannot keep up detaches, and attaches again after it has drained', () => {
  const { terminal, sent, output, setBacklog, drain } = setUp();
  terminal.show('c1');
  setBacklog(2_000_000);
  output(0);
  output(1);
  expect(sent).toEqual(['attach c1 -1', 'detach c1']);
  expect(prepareResume([terminal])).toEqual([]);
  drain();
  drain();
  expect(sent.at(-1)).toBe('attach c1 1');
  expect(sent).toHaveLength(3);
});

test('a resumed connection continues without attaching again', () => {
  const { terminal, sent, screen, output } = setUp();
  terminal.show('c1');
  output(0);
  expect(prepareResume([terminal])).toEqual([
    { commandId: 'c1', afterSequence: 0, tailBytes: BUFFER_BYTES },
  ]);
  terminal.handleWelcome({ resumed: true, isSameEpoch: true });
  expect(sent).toEqual(['attach c1 -1']);
  output(1);
  expect(screen).toEqual(['0', '1']);
});

test('a connection that was not resumed attaches after the last chunk shown', () => {
  const { terminal, sent, screen, output } = setUp();
  terminal.show('c1');
  output(0);
  prepareResume([terminal]);
  terminal.handleWelcome({ resumed: false, isSameEpoch: true });
  expect(sent.at(-1)).toBe('attach c1 0');
  expect(screen).toEqual(['0']);
});

test('a restarted hub clears the display and starts the output over', () => {
  const { terminal, sent, screen, output } = setUp();
  terminal.show('c1');
  output(0, 'before');
  prepareResume([terminal]);
  terminal.handleWelcome({ resumed: false, isSameEpoch: false });
  expect(screen).toEqual([]);
  expect(sent.at(-1)).toBe('attach c1 -1');
  output(0, 'after');
  expect(screen).toEqual(['after']);
});

/** The hub names the epoch of a terminal, or resets it. */
const epoch = (number: number): HubToDashboard => ({
  type: 'terminal:epoch',
  ...about,
  epoch: number,
});
const reset: HubToDashboard = { type: 'terminal:reset', ...about };
const moved = { resumed: false, isSameEpoch: false, keepsTerminals: true };

test('a terminal continues on another hub that keeps terminals', () => {
  const { terminal, sent, screen, output, receive } = setUp();
  terminal.show('c1');
  receive(epoch(3));
  output(0);
  expect(prepareResume([terminal])).toEqual([
    { commandId: 'c1', afterSequence: 0, epoch: 3, tailBytes: BUFFER_BYTES },
  ]);
  terminal.handleWelcome(moved);
  output(1);
  expect([screen, sent]).toEqual([['0', '1'], ['attach c1 -1']]);
});

test('a terminal that was not resumed attaches with its epoch on a hub that keeps terminals', () => {
  const { terminal, sent, screen, output, receive, setBacklog, drain } = setUp();
  terminal.show('c1');
  receive(epoch(3));
  setBacklog(BUFFER_BYTES + 1);
  output(0);
  expect(prepareResume([terminal])).toEqual([]);
  terminal.handleWelcome(moved);
  drain();
  expect([screen, sent.at(-1)]).toEqual([['0'], 'attach c1 0 of 3']);
});

test('a reset clears the terminal, which then shows what the hub sends again', () => {
  const { terminal, sent, screen, states, output, receive } = setUp();
  terminal.show('c1');
  receive(epoch(3));
  output(0, 'lost');
  receive(reset);
  expect([screen, states.at(-1)]).toEqual([[], 'empty']);
  expect(prepareResume([terminal])).toMatchObject([{ commandId: 'c1', afterSequence: -1 }]);
  receive(epoch(4));
  output(0, 'again');
  expect([screen, sent]).toEqual([['again'], ['attach c1 -1']]);
});

test('a reset of another command changes nothing', () => {
  const { terminal, screen, output, receive } = setUp();
  terminal.show('c1');
  output(0);
  receive({ ...reset, commandId: 'c2' });
  expect(screen).toEqual(['0']);
});

test('a page that is reset shows its own part again', () => {
  const { terminal, sent, screen, output, receive } = setUp();
  terminal.show('c1');
  terminal.showPage(2, 7);
  receive(epoch(3));
  output(2, 'lost');
  receive(reset);
  expect([screen, sent.at(-1)]).toEqual([['[after 7 lines]'], 'attach c1 1 all']);
  for (const sequence of [0, 1, 2, 3]) output(sequence);
  expect(screen).toEqual(['[after 7 lines]', '2', '3']);
});

test('a terminal that is paused when it is reset attaches again', () => {
  const { terminal, sent, output, receive, setBacklog } = setUp();
  terminal.show('c1');
  setBacklog(BUFFER_BYTES + 1);
  output(0);
  receive(reset);
  expect(sent.slice(1)).toEqual(['detach c1', 'attach c1 -1']);
});

test('a command selected while disconnected is attached after the welcome', () => {
  const { terminal, sent } = setUp();
  terminal.show('c1');
  prepareResume([terminal]);
  terminal.show('c2');
  terminal.handleWelcome({ resumed: true, isSameEpoch: true });
  expect(sent.at(-1)).toBe('attach c2 -1');
});

/** A chunk that takes four of the ten rows that a page has. */
const threeLines = (sequence: number) => `${sequence}a\n${sequence}b\n${sequence}c\n`;

test('a page ends before the first chunk that does not fit, and detaches', () => {
  const { terminal, screen, sent, laterOutput, output, receive } = setUp();
  terminal.show('c1');
  for (let sequence = 0; sequence < 9; sequence++) output(sequence, threeLines(sequence));
  terminal.showFirstPage();
  // A chunk that was sent before the hub replays the output causes no second replay.
  output(9, threeLines(9));
  expect(sent).toEqual(['attach c1 -1', 'attach c1 -1 all']);
  receive(gap(0, 2));
  for (let sequence = 2; sequence < 9; sequence++) output(sequence, threeLines(sequence));
  receive(complete(8));
  const lost = '[2.0 KB of output lost: terminal buffer overflow]';
  expect(screen).toEqual(['[after 0 lines]', lost, threeLines(2), threeLines(3)]);
  expect(sent.slice(2)).toEqual(['detach c1']);
  expect(laterOutput.at(-1)).toBe(true);
  expect(terminal.getPosition()).toBeNull();
});

test('a page ignores gaps that were sent before the hub received its request', () => {
  const { terminal, screen, sent, earlierOutput, output, receive } = setUp();
  terminal.show('c1');
  terminal.showPage(2, 7);
  receive({ ...gap(0, 90), reason: 'skipped' } as HubToDashboard);
  output(90);
  receive(gap(91, 93));
  receive(complete(92));
  for (const sequence of [2, 3]) output(sequence);
  receive(complete(3));
  expect(screen).toEqual(['[after 7 lines]', '2', '3', '[End of output (2.0 KB)]']);
  expect(sent).toEqual(['attach c1 -1', 'attach c1 1 all']);
  expect(earlierOutput.every((bytes) => bytes === 0)).toBe(true);
});

test('the next page repeats the last chunk, and the last page follows the output', () => {
  const { terminal, screen, sent, laterOutput, output, receive } = setUp();
  terminal.show('c1');
  terminal.showFirstPage();
  for (let sequence = 0; sequence < 3; sequence++) output(sequence, threeLines(sequence));
  terminal.showNextPage();
  expect(sent.at(-1)).toBe('attach c1 0 all');
  expect(laterOutput.at(-1)).toBe(false);
  for (let sequence = 1; sequence < 3; sequence++) output(sequence, threeLines(sequence));
  output(3, '\n');
  receive(complete(3));
  expect(screen).toEqual([
    '[after 3 lines]',
    threeLines(1),
    threeLines(2),
    '\n',
    '[End of output (2.0 KB)]',
  ]);
  terminal.showNextPage();
  expect(laterOutput.at(-1)).toBe(false);
});

test('a page takes a chunk of any size', () => {
  const { terminal, screen, sent, output } = setUp();
  terminal.show('c1');
  terminal.showFirstPage();
  const long = 'x\n'.repeat(500);
  output(0, long);
  output(1);
  expect(screen).toEqual(['[after 0 lines]', long]);
  terminal.showNextPage();
  expect([screen, sent.at(-1)]).toEqual([['[after 500 lines]'], 'attach c1 0 all']);
});

test('the end of the output is shown from all that the hub holds, and followed', () => {
  const { terminal, screen, sent, output } = setUp();
  terminal.show('c1');
  terminal.showFirstPage();
  for (let sequence = 0; sequence < 3; sequence++) output(sequence, threeLines(sequence));
  terminal.showEnd();
  expect(sent.at(-1)).toBe('attach c1 -1');
  for (let sequence = 0; sequence < 4; sequence++) output(sequence);
  expect(screen).toEqual(['0', '1', '2', '3']);
});

test('a full page stays as it is after a reconnect, and starts over after a restart of the hub', () => {
  const { terminal, screen, sent, output } = setUp();
  terminal.show('c1');
  terminal.showFirstPage();
  for (let sequence = 0; sequence < 3; sequence++) output(sequence, threeLines(sequence));
  const before = sent.length;
  prepareResume([terminal]);
  terminal.handleWelcome({ resumed: true, isSameEpoch: true });
  expect(sent).toHaveLength(before);
  terminal.handleWelcome({ resumed: false, isSameEpoch: false });
  expect([screen, sent.at(-1)]).toEqual([[], 'attach c1 -1']);
});

test('a resume names at most 1,000 terminals, the last ones; the others attach again', () => {
  const terminals = Array.from({ length: 1002 }, (_, index) => {
    const { terminal, sent } = setUp();
    terminal.show(`c${index}`);
    sent.length = 0;
    return { terminal, sent };
  });
  const all = terminals.map(({ terminal }) => terminal);
  prepareResume(all.slice(0, 3));
  const positions = prepareResume(all);
  expect([positions.length, positions[0]?.commandId]).toEqual([1000, 'c2']);
  for (const terminal of all) terminal.handleWelcome({ resumed: true, isSameEpoch: true });
  expect(terminals.slice(0, 4).map(({ sent }) => sent)).toEqual([
    ['attach c0 -1'],
    ['attach c1 -1'],
    [],
    [],
  ]);
});

test('a queued command without a buffer is attached again once it runs', () => {
  const { terminal, sent, receive } = setUp();
  const running: HubToDashboard = {
    type: 'command:status',
    ...about,
    agentId: 'a',
    status: 'running',
  };
  terminal.show('c1');
  receive(running);
  expect(sent).toHaveLength(1);
  receive({ type: 'error', ...about, code: 'command_unknown', message: 'No.' });
  receive(running);
  receive(running);
  expect(sent).toEqual(['attach c1 -1', 'attach c1 -1']);
});
