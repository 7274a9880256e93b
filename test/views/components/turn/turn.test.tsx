// A turn on a page: its parts, and what is sent when it changes.
import { describe, expect, test } from 'bun:test';
import type { ToolPart, TurnPart } from '../../../../src/protocol/turn.ts';
import {
  parsePosition,
  type ShownTurn,
  Turn,
  TurnChanges,
} from '../../../../views/components/turn/turn.tsx';
import { render } from '../../render.ts';

const message = (text: string): TurnPart => ({ type: 'message', text });
const tool = (fields: Partial<ToolPart> = {}): ToolPart => ({
  type: 'tool',
  title: 'Run the tests',
  kind: 'execute',
  status: 'completed',
  durationMs: 1_200,
  ...fields,
});
const turnOf = (parts: TurnPart[], fields: Partial<ShownTurn> = {}): ShownTurn => ({
  parts: parts.map((content, index) => ({ index, revision: index, content })),
  nextSequence: parts.length,
  hasEnded: false,
  ...fields,
});
const show = (...parts: TurnPart[]) => render(<Turn commandId="c1" turn={turnOf(parts)} />);
const showEnded = (...parts: TurnPart[]) =>
  render(<Turn commandId="c1" turn={turnOf(parts, { hasEnded: true })} />);

describe('a tool call', () => {
  test('is a closed line with its title and duration', () => {
    const { text, findAll } = show(tool({ input: 'make test', output: 'ok' }));
    expect(text).toContain('Run the tests');
    expect(text).toContain('Completed in 1.2 s');
    expect(text).toContain('make test');
    expect(findAll('details').map((one) => one.has('open'))).toEqual([false]);
  });

  test('that failed is open', () => {
    const { text, findAll } = show(tool({ status: 'failed', output: 'boom' }));
    expect(text).toContain('Failed · 1.2 s');
    expect(findAll('details').map((one) => one.has('open'))).toEqual([true]);
  });

  test('without input and output cannot be opened', () => {
    expect(show(tool()).findAll('details')).toEqual([]);
  });

  test.each<[Partial<ToolPart>, string]>([
    [{ status: 'pending' }, 'Waiting'],
    [{ status: 'running' }, 'Running'],
    [{ status: 'running', approval: { state: 'waiting' } }, 'Waiting for approval'],
    [{ status: 'failed', approval: { state: 'rejected', option: 'No' } }, 'Failed · No · 1.2 s'],
  ])('says %j as %j', (fields, words) => {
    expect(show(tool(fields)).text).toContain(words);
  });

  test('of a turn that has ended is not running', () => {
    expect(showEnded(tool({ status: 'running' })).text).toContain('Not finished');
  });

  test('folds what is longer than 60 lines', () => {
    const lines = (count: number) =>
      Array.from({ length: count }, (_, i) => `line ${i}`).join('\n');
    expect(show(tool({ output: lines(61) })).findAll('.fold')).toHaveLength(0);
    const { text, findAll } = show(tool({ output: lines(100) }));
    expect(findAll('.fold')).toHaveLength(1);
    expect(text).toContain('Show 40 more lines');
    expect(text).toContain('line 99');
  });
});

test('a diff has its file, its counts and marked lines', () => {
  const diff = {
    path: 'src/a.ts',
    isNew: true,
    added: 2,
    removed: 1,
    text: '@@ -1,2 +1,3 @@\n same\n-old\n+new\n+more',
    omittedLines: 7,
  };
  const { text, html, findAll } = show(tool({ diffs: [diff] }));
  expect(text).toContain('src/a.ts');
  expect(text).toContain('+2 −1');
  expect(text).toContain('7 more lines left out.');
  expect(html).toContain('<span class="detail-new">+new\n+more\n</span>');
  expect(html).toContain('<span class="detail-old">-old\n</span>');
  expect(findAll('.turn-diff .badge')).toHaveLength(1);

  // The approval request shows it.
  const waiting = show(tool({ status: 'pending', approval: { state: 'waiting' }, diffs: [diff] }));
  expect(waiting.text).not.toContain('src/a.ts');
});

test('a thought is folded, with its duration', () => {
  expect(show({ type: 'thought', text: 'Hm' }).text).toContain('Thinking…');
  const { text, findAll } = show({ type: 'thought', text: 'Hm', durationMs: 12_000 });
  expect(text).toContain('Thought for 12 s');
  expect(findAll('details').map((one) => one.has('open'))).toEqual([false]);
});

test('a plan is a check-list, pinned until it is done or the turn has ended', () => {
  const plan = (...statuses: ('pending' | 'running' | 'completed')[]): TurnPart => ({
    type: 'plan',
    entries: statuses.map((status, i) => ({ text: `Step ${i}`, status })),
  });
  const { text, findAll } = show(plan('completed', 'running', 'pending'));
  expect(text).toContain('1 of 3 done');
  expect(findAll('.plan li [role=img]').map((one) => one.get('aria-label'))).toEqual([
    'Done',
    'In progress',
    'To do',
  ]);
  expect(findAll('.turn-pinned')).toHaveLength(1);
  expect(show(plan('completed')).findAll('.turn-pinned')).toHaveLength(0);
  expect(showEnded(plan('pending')).findAll('.turn-pinned')).toHaveLength(0);
});

test('a turn that has ended sends no requests', () => {
  expect(show(message('a')).findAll('[hx-get]')).toHaveLength(1);
  expect(showEnded(message('a')).findAll('[hx-get]')).toHaveLength(0);
  const [turn] = render(<Turn commandId="c1" />).findAll('[hx-get]');
  expect(turn?.get('hx-trigger')).toStartWith('load, signalbox:turn/c1 ');
});

describe('the changes of a turn', () => {
  const changes = (turn: ShownTurn, position: string) =>
    render(<TurnChanges commandId="c1" turn={turn} position={parsePosition(position)} />);
  const targetsOf = ({ findAll }: ReturnType<typeof changes>) =>
    findAll('hx-partial').map((one) => one.get('hx-target'));

  test('are only the parts that changed and the new ones', () => {
    const turn: ShownTurn = {
      parts: [
        { index: 0, revision: 0, content: message('first') },
        { index: 1, revision: 5, content: message('second') },
        { index: 2, revision: 6, content: message('third') },
      ],
      nextSequence: 7,
      hasEnded: false,
    };
    const rendered = changes(turn, '2.4.0');
    expect(targetsOf(rendered)).toEqual([
      '#turn-c1-list',
      '#turn-c1-1-content',
      '#turn-c1-position',
    ]);
    expect(rendered.text).not.toContain('first');
    expect(rendered.text.match(/second/g)).toHaveLength(1);
    expect(rendered.text.match(/third/g)).toHaveLength(1);
    expect(rendered.findAll('[name=position]')[0]?.get('value')).toBe('3.7.0');
  });

  test('are everything for a page that shows nothing', () => {
    const turn = turnOf([message('first'), message('second')]);
    for (const position of ['', '0.0.0', 'x', '-1.0.0', '99999999.0.0']) {
      expect(changes(turn, position).text).toBe('firstsecond');
    }
  });

  test('are nothing for a page that shows everything', () => {
    const { text } = changes(turnOf([message('first')]), '1.1.0');
    expect(text).toBe('');
  });

  test('at the end include the parts that look different afterwards', () => {
    const turn = turnOf([message('first'), tool({ status: 'running' })], { hasEnded: true });
    expect(changes(turn, '2.2.0').text).toContain('Not finished');
    expect(changes(turn, '2.2.0').text).not.toContain('first');
    expect(changes(turn, '2.2.1').text).toBe('');
  });

  test('empty the list if the turn is no longer shown', () => {
    const rendered = changes(turnOf([]), '3.7.0');
    expect(rendered.findAll('#turn-c1-list')).toHaveLength(1);
    expect(rendered.findAll('.turn-message')).toEqual([]);
  });
});
