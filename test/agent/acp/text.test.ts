// What an AI's terminal reads like. Colours are told by the words beside them.
import { describe, expect, test } from 'bun:test';
import type { SessionUpdate } from '@agentclientprotocol/sdk';
import { formatColoredDiff, formatDiff } from '../../../src/agent/acp/text/diff.ts';
import { sanitize, sanitizeOutput, firstLine } from '../../../src/agent/acp/text/sanitize.ts';
import { formatDuration as inWords } from '../../../src/protocol/duration.ts';
import { createTranscript } from '../../../src/agent/acp/text/transcript.ts';
import type { CommandReport } from '../../../src/protocol/report.ts';

const answer = (text: string, messageId?: string): SessionUpdate => ({
  sessionUpdate: 'agent_message_chunk',
  content: { type: 'text', text },
  ...(messageId !== undefined && { messageId }),
});
const thought = (text: string): SessionUpdate => ({
  sessionUpdate: 'agent_thought_chunk',
  content: { type: 'text', text },
});
const output = (text: string) => [
  { type: 'content' as const, content: { type: 'text' as const, text } },
];

/** What all of it reads like, without colours. Each update takes 100 ms. */
function read(...updates: SessionUpdate[]): string {
  let now = 0;
  const text = createTranscript(() => now);
  const pieces = updates.map((update) => {
    now += 100;
    return text.update(update);
  });
  return Bun.stripANSI([...pieces, text.end({})].join(''));
}

describe('plain text', () => {
  test('escape sequences become visible, and do nothing', () => {
    expect(sanitize('a\u001b[2Jb\u009b31mc\u0007\u0000\u007f')).toBe('a␛[2Jb�31mc␇␀␡');
    expect(sanitize('\u001b]0;title\u0007\u001b]8;;http://x\u001b\\')).not.toContain('\u001b');
    expect(sanitize('tab\tline\nnext\r\n')).toBe('tab\tline\nnext\n');
  });

  test('a sequence cut anywhere in a stream is as harmless', () => {
    const attack = '\u001b[31mred\u001b]52;c;aGk=\u0007';
    for (let cut = 0; cut <= attack.length; cut += 1) {
      const pieces = sanitize(attack.slice(0, cut)) + sanitize(attack.slice(cut));
      expect(pieces).toBe(sanitize(attack));
    }
  });

  test('the direction of writing cannot be turned', () => {
    expect(sanitize('safe\u202etxt.exe\u2066')).toBe('safe�txt.exe�');
  });

  test('of what a command wrote, colours go, and only the last of an overwritten line stays', () => {
    expect(sanitizeOutput('\u001b[32mok\u001b[0m\r\n 10%\r 50%\r100%\ndone')).toBe(
      'ok\n100%\ndone',
    );
  });

  test('a title is one line, and no half character', () => {
    expect(firstLine('  one\ntwo')).toBe('one …');
    expect(firstLine('😀'.repeat(200), 10)).toBe(`${'😀'.repeat(4)}…`);
  });

  test('durations are told as people tell them', () => {
    expect([400, 9_960, 61_000, 180_000].map(inWords)).toEqual([
      '400 ms',
      '10 s',
      '1 min 1 s',
      '3 min',
    ]);
  });
});

describe('changes', () => {
  const change = { path: '/a.txt', oldText: 'one\ntwo\nthree\n', newText: 'one\n2\nthree\n' };

  test('are the lines that go and come, and what is around them', () => {
    expect(formatDiff(change)).toBe('/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three');
    expect(formatDiff({ path: '/b', newText: 'new\n' })).toStartWith('/b (new)\n');
  });

  test('are coloured line by line', () => {
    const lines = formatColoredDiff(change).split('\n');
    expect(lines).toContain('\u001b[31m-two\u001b[39m');
    expect(lines).toContain('\u001b[32m+2\u001b[39m');
  });

  test('cannot colour anything themselves', () => {
    expect(formatColoredDiff({ path: '/b', newText: '\u001b[2J\n' })).not.toContain('\u001b[2J');
  });

  test('of everything do not take for ever', () => {
    const text = (word: string) => Array.from({ length: 20_000 }, (_, i) => word + i).join('\n');
    const started = performance.now();
    const shown = formatDiff({ path: '/x', oldText: text('a'), newText: text('b') });
    expect(shown).toContain('-a19999');
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('a turn', () => {
  test('is its answer as written, and ends with a line', () => {
    expect(read(answer('Hel'), answer('lo\n\nyou'))).toBe('Hello\n\nyou\n');
    expect(read(answer('Hello\n'))).toBe('Hello\n');
    expect(read()).toBe('');
  });

  test('parts thoughts from answers, and answers from each other', () => {
    expect(read(thought('Hm'), thought('m.'), answer('Yes.', 'a'), answer('No.', 'b'))).toBe(
      'Hmm.\n\nYes.\n\nNo.\n',
    );
  });

  test('dims thoughts, line by line', () => {
    const text = createTranscript(() => 0);
    expect(text.update(thought('a\nb'))).toBe('\u001b[2ma\u001b[22m\n\u001b[2mb\u001b[22m');
  });

  test('shows a tool with its title, its output and how long it took', () => {
    const call = { toolCallId: 't', title: 'Run tests', kind: 'execute' as const };
    expect(
      read(
        answer('Let me see.'),
        { sessionUpdate: 'tool_call', status: 'in_progress', ...call },
        {
          sessionUpdate: 'tool_call_update',
          toolCallId: 't',
          status: 'completed',
          content: output('```\n\u001b[32mall\u001b[0m green\n```'),
        },
        answer('Good.'),
      ),
    ).toBe('Let me see.\n\n● Run tests\n  all green\n  ✓ 100 ms\n\nGood.\n');
  });

  test('waits with a tool that has no arguments yet', () => {
    expect(
      read(
        { sessionUpdate: 'tool_call', toolCallId: 't', title: 'Terminal', rawInput: {} },
        {
          sessionUpdate: 'tool_call_update',
          toolCallId: 't',
          title: 'npm test',
          rawInput: { command: 'npm test' },
        },
        { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'failed' },
      ),
    ).toBe('● npm test\n  ✗ 200 ms\n');
  });

  test('names a tool again where another came between', () => {
    const begin = (toolCallId: string): SessionUpdate => ({
      sessionUpdate: 'tool_call',
      toolCallId,
      title: `Read ${toolCallId}`,
      status: 'in_progress',
    });
    const end = (toolCallId: string): SessionUpdate => ({
      sessionUpdate: 'tool_call_update',
      toolCallId,
      status: 'completed',
    });
    expect(read(begin('a'), begin('b'), end('a'), end('b'))).toBe(
      '● Read a\n● Read b\n  ✓ Read a  200 ms\n  ✓ Read b  200 ms\n',
    );
  });

  test('shows output as it grows, and nothing twice', () => {
    const grown = (text: string, status: 'in_progress' | 'completed'): SessionUpdate => ({
      sessionUpdate: 'tool_call_update',
      toolCallId: 't',
      title: 'make',
      status,
      content: output(text),
    });
    expect(
      read(
        grown('one\n', 'in_progress'),
        grown('one\ntwo\nthr', 'in_progress'),
        grown('one\ntwo\nthree\n', 'completed'),
      ),
    ).toBe('● make\n  one\n  two\n  three\n  ✓ 200 ms\n');
  });

  test('counts what it leaves out of a long output', () => {
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`).join('\n');
    const text = read({
      sessionUpdate: 'tool_call',
      toolCallId: 't',
      title: 'cat',
      status: 'completed',
      content: output(lines),
    });
    expect(text).toContain('  line 29\n  … 40 lines omitted …\n  line 70\n');
  });

  test('shows a change once', () => {
    const diff = { type: 'diff' as const, path: '/a', oldText: 'x\n', newText: 'y\n' };
    const text = read(
      { sessionUpdate: 'tool_call', toolCallId: 't', title: 'Edit /a', content: [diff] },
      { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'completed', content: [diff] },
    );
    expect(text).toBe('● Edit /a\n  /a\n  @@ -1,1 +1,1 @@\n  -x\n  +y\n  ✓ 100 ms\n');
  });

  test('lists a plan, and then only what changes in it', () => {
    const plan = (first: 'pending' | 'completed'): SessionUpdate => ({
      sessionUpdate: 'plan',
      entries: [
        { content: 'Look', priority: 'high', status: first },
        { content: 'Mend', priority: 'low', status: 'pending' },
      ],
    });
    expect(read(plan('pending'), plan('pending'), plan('completed'))).toBe(
      'Plan\n  ○ Look\n  ○ Mend\n  ✓ Look\n',
    );
  });

  test('ends with what it took and what it changed, as far as that is known', () => {
    const usage = { used: 12_345, size: 200_000, cost: { amount: 0.0123, currency: 'USD' } };
    const changes = { files: 2, added: 1_200, removed: 7 };
    const end = (report: CommandReport) => {
      const text = createTranscript(() => 0);
      return Bun.stripANSI(text.update(answer('Hi.')) + text.end(report));
    };
    expect(end({ usage, changes })).toBe(
      'Hi.\n\n12,345 of 200K tokens · 0.0123 USD · 2 files, +1,200 −7\n',
    );
    expect(end({ usage: { used: 5, size: 10 } })).toBe('Hi.\n\n5 of 10 tokens\n');
    expect(end({ changes: { files: 0, added: 0, removed: 0 } })).toBe('Hi.\n\nno files changed\n');
    expect(end({})).toBe('Hi.\n');
  });

  test('no line of ours is wider than 60 columns but for what others wrote', () => {
    const text = createTranscript(() => 0);
    text.update({ sessionUpdate: 'tool_call', toolCallId: 't', title: 'x', status: 'in_progress' });
    const all = text.approvalRequested('t') + text.approvalResolved('t', { name: 'Allow', kind: 'allow_once' });
    expect(all).toContain('Waiting for approval');
    for (const line of Bun.stripANSI(all).split('\n')) expect(line.length).toBeLessThan(60);
  });

  test('moves no cursor, whatever comes', () => {
    const text = createTranscript(() => 0);
    const all = [
      text.update(answer('\u001b[H\u001b[2J')),
      text.update(thought('\u001b]0;x\u0007')),
      text.update({
        sessionUpdate: 'tool_call',
        toolCallId: 'e',
        title: '\u001b[A',
        status: 'failed',
      }),
      text.end({}),
    ].join('');
    const ours = all.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '');
    expect(ours).not.toContain('\u001b');
  });
});
