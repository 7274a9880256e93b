// The tests compare text without colors, except where colors matter.
import { describe, expect, test } from 'bun:test';
import type { SessionUpdate } from '@agentclientprotocol/sdk';
import { createTranscript } from '../../../../src/agent/acp/text/transcript.ts';
import type { CommandReport } from '../../../../src/protocol/report.ts';

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

/** The transcript of a turn, without colors. Each update takes 100 ms. */
function transcribe(...updates: SessionUpdate[]): string {
  let now = 0;
  const transcript = createTranscript(() => now, '/work');
  const pieces = updates.map((update) => {
    now += 100;
    return transcript.update(update);
  });
  return Bun.stripANSI([...pieces, transcript.end({})].join(''));
}

describe('messages', () => {
  test('an answer is shown as written and ends with a newline', () => {
    expect(transcribe(answer('Hel'), answer('lo\n\nyou'))).toBe('Hello\n\nyou\n');
    expect(transcribe(answer('Hello\n'))).toBe('Hello\n');
    expect(transcribe()).toBe('');
  });

  test('thoughts and answers are separated by blank lines', () => {
    expect(transcribe(thought('Hm'), thought('m.'), answer('Yes.', 'a'), answer('No.', 'b'))).toBe(
      'Hmm.\n\nYes.\n\nNo.\n',
    );
  });

  test('thoughts are dimmed line by line', () => {
    const transcript = createTranscript(() => 0, '/work');
    expect(transcript.update(thought('a\nb'))).toBe('\u001b[2ma\u001b[22m\n\u001b[2mb\u001b[22m');
  });

  test('escape sequences are replaced everywhere', () => {
    const transcript = createTranscript(() => 0, '/work');
    const text = [
      transcript.update(answer('\u001b[H\u001b[2J')),
      transcript.update(thought('\u001b]0;x\u0007')),
      transcript.update({
        sessionUpdate: 'tool_call',
        toolCallId: 'e',
        title: '\u001b[A',
        status: 'failed',
      }),
      transcript.end({}),
    ].join('');
    const colors = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    expect(text.replaceAll(colors, '')).not.toContain('\u001b');
  });
});

describe('tool calls', () => {
  test('show their title, output and duration', () => {
    const call = { toolCallId: 't', title: 'Run tests', kind: 'execute' as const };
    expect(
      transcribe(
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

  test('are not shown before they have arguments', () => {
    expect(
      transcribe(
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

  test('repeat their title at the end if another tool call came between', () => {
    const start = (toolCallId: string): SessionUpdate => ({
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
    expect(transcribe(start('a'), start('b'), end('a'), end('b'))).toBe(
      '● Read a\n● Read b\n  ✓ Read a  200 ms\n  ✓ Read b  200 ms\n',
    );
  });

  test('show growing output once', () => {
    const update = (text: string, status: 'in_progress' | 'completed'): SessionUpdate => ({
      sessionUpdate: 'tool_call_update',
      toolCallId: 't',
      title: 'make',
      status,
      content: output(text),
    });
    expect(
      transcribe(
        update('one\n', 'in_progress'),
        update('one\ntwo\nthr', 'in_progress'),
        update('one\ntwo\nthree\n', 'completed'),
      ),
    ).toBe('● make\n  one\n  two\n  three\n  ✓ 200 ms\n');
  });

  test('omit the middle of long output', () => {
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`).join('\n');
    const text = transcribe({
      sessionUpdate: 'tool_call',
      toolCallId: 't',
      title: 'cat',
      status: 'completed',
      content: output(lines),
    });
    expect(text).toContain('  line 29\n  … 40 lines omitted …\n  line 70\n');
  });

  test('show a diff once', () => {
    const diff = { type: 'diff' as const, path: '/work/a', oldText: 'x\n', newText: 'y\n' };
    const text = transcribe(
      { sessionUpdate: 'tool_call', toolCallId: 't', title: 'Edit /a', content: [diff] },
      { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'completed', content: [diff] },
    );
    expect(text).toBe('● Edit /a\n  a\n  @@ -1,1 +1,1 @@\n  -x\n  +y\n  ✓ 100 ms\n');
  });

  test('show the whole path of a file outside of the folder', () => {
    const diff = { type: 'diff' as const, path: '/worker/a', oldText: null, newText: 'y\n' };
    const text = transcribe({
      sessionUpdate: 'tool_call',
      toolCallId: 't',
      title: 'Write',
      content: [diff],
    });
    expect(text).toContain('  /worker/a\n');
  });

  test('show approvals in lines of less than 60 columns', () => {
    const transcript = createTranscript(() => 0, '/work');
    transcript.update({
      sessionUpdate: 'tool_call',
      toolCallId: 't',
      title: 'x',
      status: 'in_progress',
    });
    const text =
      transcript.approvalRequested('t') +
      transcript.approvalResolved('t', { name: 'Allow', kind: 'allow_once' });
    expect(text).toContain('Waiting for approval');
    for (const line of Bun.stripANSI(text).split('\n')) expect(line.length).toBeLessThan(60);
  });
});

test('a plan is listed once, then only the entries that change', () => {
  const plan = (status: 'pending' | 'completed'): SessionUpdate => ({
    sessionUpdate: 'plan',
    entries: [
      { content: 'Look', priority: 'high', status },
      { content: 'Fix', priority: 'low', status: 'pending' },
    ],
  });
  expect(transcribe(plan('pending'), plan('pending'), plan('completed'))).toBe(
    'Plan\n  ○ Look\n  ○ Fix\n  ✓ Look\n',
  );
});

test('the last line shows usage, cost and changes as far as they are known', () => {
  const usage = { used: 12_345, size: 200_000, cost: { amount: 0.0123, currency: 'USD' } };
  const changes = { files: 2, added: 1_200, removed: 7 };
  const end = (report: CommandReport) => {
    const transcript = createTranscript(() => 0, '/work');
    return Bun.stripANSI(transcript.update(answer('Hi.')) + transcript.end(report));
  };
  expect(end({ usage, changes })).toBe(
    'Hi.\n\n12,345 of 200K tokens · 0.0123 USD · 2 files, +1,200 −7\n',
  );
  expect(end({ usage: { used: 5, size: 10 } })).toBe('Hi.\n\n5 of 10 tokens\n');
  expect(end({ changes: { files: 0, added: 0, removed: 0 } })).toBe('Hi.\n\nno files changed\n');
  expect(end({})).toBe('Hi.\n');
});
