// Which parts of a turn the recorder makes of the updates of an AI program.
import type { SessionUpdate } from '@agentclientprotocol/sdk';
import { describe, expect, test } from 'bun:test';
import { createTranscript } from '../../../../src/agent/acp/text/transcript.ts';
import { createTurnRecorder } from '../../../../src/agent/acp/turn-parts/recorder.ts';
import { TURN_PART_BYTES } from '../../../../src/protocol/limits.ts';
import type { TurnPart } from '../../../../src/protocol/turn.ts';

function startRecorder() {
  let time = 0;
  const parts = new Map<number, TurnPart>();
  const transcript = createTranscript(() => time, '/work');
  const recorder = createTurnRecorder({
    now: () => time,
    toolOf: transcript.tool,
    onPart: (part, read) => parts.set(part, read()),
  });
  return {
    ...recorder,
    advance: (ms: number) => (time += ms),
    parts: () => [...parts.entries()].toSorted(([a], [b]) => a - b).map(([, part]) => part),
    update(...updates: SessionUpdate[]) {
      for (const update of updates) {
        transcript.update(update);
        recorder.update(update);
      }
    },
    updateTool: transcript.updateTool,
  };
}

const chunk = (text: string, kind: 'message' | 'thought' = 'message', messageId?: string) =>
  ({
    sessionUpdate: `agent_${kind}_chunk`,
    content: { type: 'text', text },
    ...(messageId !== undefined && { messageId }),
  }) as SessionUpdate;
const tool = (fields: Record<string, unknown>, type = 'tool_call') =>
  ({
    sessionUpdate: type,
    toolCallId: 't1',
    title: 'Run it',
    kind: 'execute',
    ...fields,
  }) as SessionUpdate;
const change = (fields: Record<string, unknown>) => tool(fields, 'tool_call_update');

describe('text', () => {
  test('of one message is one part, and control characters are shown', () => {
    const turn = startRecorder();
    turn.update(chunk('Hel'), chunk('lo \u001b[31m\u202e'));
    expect(turn.parts()).toEqual([{ type: 'message', text: 'Hello ␛[31m�' }]);
  });

  test('of another message, or after a tool call, is another part', () => {
    const turn = startRecorder();
    turn.update(chunk('one', 'message', 'a'), chunk('two', 'message', 'b'));
    turn.update(tool({ status: 'in_progress' }), chunk('three', 'message', 'b'));
    expect(turn.parts().map((part) => ('text' in part ? part.text : part.type))).toEqual([
      'one',
      'two',
      'tool',
      'three',
    ]);
  });

  test('of a thought has a duration when something else follows', () => {
    const turn = startRecorder();
    turn.update(chunk('Hm', 'thought'));
    turn.advance(1_500);
    expect(turn.parts()).toEqual([{ type: 'thought', text: 'Hm' }]);
    turn.update(chunk('So'));
    turn.update(chunk('Again', 'thought'));
    turn.advance(200);
    turn.end();
    expect(turn.parts()).toEqual([
      { type: 'thought', text: 'Hm', durationMs: 1_500 },
      { type: 'message', text: 'So' },
      { type: 'thought', text: 'Again', durationMs: 200 },
    ]);
  });

  test('that is empty makes no part', () => {
    const turn = startRecorder();
    turn.update(chunk(''), chunk('\n', 'thought'));
    expect(turn.parts()).toEqual([]);
  });

  test('beyond the limit is continued in another part', () => {
    const turn = startRecorder();
    for (let i = 0; i < 30; i++) turn.update(chunk('"\n😀'.repeat(700)));
    const parts = turn.parts();
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) {
      expect(Buffer.byteLength(JSON.stringify(part))).toBeLessThanOrEqual(TURN_PART_BYTES);
    }
    const text = parts.map((part) => ('text' in part ? part.text : '')).join('');
    expect(text).toBe('"\n😀'.repeat(21_000));
  });
});

describe('a tool call', () => {
  test('has its title, kind, state, input, output and duration', () => {
    const turn = startRecorder();
    turn.update(tool({ status: 'pending', rawInput: { command: 'make test', timeout: 5 } }));
    expect(turn.parts()).toEqual([
      { type: 'tool', title: 'Run it', kind: 'execute', status: 'pending', input: 'make test' },
    ]);
    turn.advance(700);
    const content = [
      { type: 'content', content: { type: 'text', text: '```\n\u001b[1mok\u001b[0m\n```' } },
    ];
    turn.update(change({ status: 'in_progress', content }));
    expect(turn.parts()[0]).toMatchObject({ status: 'running', output: 'ok' });
    turn.update(change({ status: 'failed' }));
    expect(turn.parts()[0]).toMatchObject({ status: 'failed', durationMs: 700 });
    turn.advance(100);
    turn.update(change({ status: 'completed', title: 'Late' }));
    expect(turn.parts()[0]).toMatchObject({ status: 'failed', title: 'Run it' });
    expect(turn.parts()).toHaveLength(1);
  });

  test('is shown when its title is final', () => {
    const turn = startRecorder();
    turn.update(tool({ title: 'Terminal', status: 'pending', rawInput: {} }));
    expect(turn.parts()).toEqual([]);
    turn.update(change({ title: 'ls -l', rawInput: { path: '.' } }));
    expect(turn.parts()[0]).toMatchObject({ title: 'ls -l', input: '{\n  "path": "."\n}' });
  });

  test('has the changes of files with counts', () => {
    const turn = startRecorder();
    const content = [
      { type: 'diff', path: 'a.ts', oldText: 'one\ntwo\n', newText: 'one\n2\n3\n' },
      { type: 'diff', path: 'new.ts', newText: 'x\n' },
    ];
    turn.update(tool({ status: 'completed', kind: 'edit', content, rawInput: { old: 'two' } }));
    const [part] = turn.parts();
    expect(part).not.toHaveProperty('input');
    expect(part).toMatchObject({
      diffs: [
        {
          path: 'a.ts',
          isNew: false,
          added: 2,
          removed: 1,
          text: '@@ -1,2 +1,3 @@\n one\n-two\n+2\n+3',
        },
        { path: 'new.ts', isNew: true, added: 1, removed: 0, text: '@@ -0,0 +1,1 @@\n+x' },
      ],
    });
  });

  test('that is too large is shortened, and says so', () => {
    const turn = startRecorder();
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} "quoted" 😀`);
    const content = [
      { type: 'content', content: { type: 'text', text: lines.join('\n') } },
      ...Array.from({ length: 60 }, (_, i) => ({
        type: 'diff',
        path: `${i}`.repeat(2_000),
        newText: lines.slice(0, 500).join('\n'),
      })),
    ];
    turn.update(
      tool({ title: 'x'.repeat(5_000), status: 'completed', content, rawInput: lines.join() }),
    );
    const [part] = turn.parts();
    expect(Buffer.byteLength(JSON.stringify(part))).toBeLessThanOrEqual(TURN_PART_BYTES);
    if (part?.type !== 'tool') throw new Error('No tool call.');
    expect(part.output).toStartWith('line 0 "quoted"');
    expect(part.output).toEndWith('line 19999 "quoted" 😀');
    expect(part.output).toMatch(/… [\d,]+ characters omitted …/);
    expect(part.diffs).toHaveLength(50);
    expect(part.diffs?.[0]).toMatchObject({ added: 500 });
    expect(part.diffs?.[0]?.omittedLines).toBeGreaterThan(0);
  });

  test('shows the output of its ACP terminal', () => {
    const turn = startRecorder();
    turn.output('term', 'before\n');
    turn.update(
      tool({ status: 'in_progress', content: [{ type: 'terminal', terminalId: 'term' }] }),
    );
    turn.output('term', 'after\n');
    turn.output('other', 'unknown\n');
    expect(turn.parts()[0]).toMatchObject({ output: 'before\nafter' });
  });

  test('shows its approval', () => {
    const turn = startRecorder();
    turn.updateTool({ toolCallId: 't1', title: 'Write a', kind: 'edit' });
    turn.approvalRequested('t1');
    expect(turn.parts()[0]).toMatchObject({ title: 'Write a', approval: { state: 'waiting' } });
    turn.approvalResolved('t1', { name: 'Always', kind: 'allow_always' });
    expect(turn.parts()[0]).toMatchObject({ approval: { state: 'allowed', option: 'Always' } });
    turn.approvalResolved('t1', { name: 'No', kind: 'reject_once' });
    expect(turn.parts()[0]).toMatchObject({ approval: { state: 'rejected', option: 'No' } });
    turn.approvalResolved('t1', null);
    expect(turn.parts()[0]).toMatchObject({ approval: { state: 'withdrawn' } });
  });
});

test('a plan is one part, updated in place', () => {
  const turn = startRecorder();
  const entry = (content: string, status: string) => ({ content, status, priority: 'medium' });
  const plan = (...entries: unknown[]) => ({ sessionUpdate: 'plan', entries }) as SessionUpdate;
  turn.update(plan(), plan(entry('One\nmore', 'in_progress'), entry('Two', 'pending')));
  turn.update(chunk('Working'), plan(entry('One', 'completed'), entry('Two', 'in_progress')));
  expect(turn.parts()).toEqual([
    {
      type: 'plan',
      entries: [
        { text: 'One', status: 'completed' },
        { text: 'Two', status: 'running' },
      ],
    },
    { type: 'message', text: 'Working' },
  ]);
});

test('notices, modes and compactions are notes', () => {
  const turn = startRecorder();
  turn.note('From Signalbox');
  turn.update(
    {
      sessionUpdate: 'notice',
      title: 'Slow',
      description: 'very',
      severity: 'warning',
    },
    { sessionUpdate: 'notice', title: 'Hi', severity: 'unknown' } as unknown as SessionUpdate,
    { sessionUpdate: 'current_mode_update', currentModeId: 'plan' },
    { sessionUpdate: 'compaction_update', compactionId: 'c', status: 'completed' },
    { sessionUpdate: 'usage_update', used: 1, size: 2 },
  );
  expect(turn.parts()).toEqual([
    { type: 'note', text: 'From Signalbox', tone: 'info' },
    { type: 'note', text: 'Slow: very', tone: 'warning' },
    { type: 'note', text: 'Hi', tone: 'info' },
    { type: 'note', text: 'Mode: plan', tone: 'info' },
    { type: 'note', text: 'The conversation was compacted.', tone: 'info' },
  ]);
});
