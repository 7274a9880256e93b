import { expect, test } from 'bun:test';
import { HistoryList, HistoryOlder, HistoryPage } from '../../../views/pages/history.tsx';
import { render } from '../render.ts';
import { agent, command } from '../../support/samples.ts';
import { context, operator } from '../samples.ts';

test('keeps its filters, and stops updating when older commands are loaded', () => {
  const query = { agentId: 'revoked', status: 'failed' as const, q: 'test' };
  const page = { items: [command()], nextCursor: 'abc' };
  const first = render(
    <HistoryPage context={context} user={operator} agents={[agent()]} query={query} page={page} />,
  );
  expect(first.findAll('option[selected]').map((option) => option.get('value'))).toEqual([
    'revoked',
    'failed',
  ]);
  expect(first.findAll('#history-updates[hx-trigger]')).toHaveLength(1);
  expect(first.findAll('.load-more a')[0]?.get('href')).toBe(
    '/history?agentId=revoked&status=failed&q=test&cursor=abc',
  );
  const older = render(
    <HistoryOlder query={{ ...query, cursor: 'abc' }} page={{ ...page, nextCursor: null }} />,
  );
  expect(older.findAll('#history-updates[hx-trigger]')).toEqual([]);
  expect(older.findAll('.load-more')).toEqual([]);
});

test('distinguishes an empty history from filters without a match', () => {
  const empty = { items: [], nextCursor: null };
  expect(render(<HistoryList query={{}} page={empty} />).text).toContain('No commands yet');
  expect(render(<HistoryList query={{ q: 'x' }} page={empty} />).text).toContain(
    'No matching commands',
  );
});

test('what was found in output is marked as text', () => {
  const found = (q: string, line: string) => {
    const one = command();
    const page = { items: [one], nextCursor: null, outputLines: { [one.id]: line } };
    return render(<HistoryList query={{ q }} page={page} />).html.match(
      /<code class="one-line">(?:(?!<\/code>).)*<mark>.*?<\/code>/,
    )?.[0];
  };
  expect(found('a.b<', 'x A.B<i> a.b< axb<')).toBe(
    '<code class="one-line">x <mark>A.B&lt;</mark>i> <mark>a.b&lt;</mark> axb&lt;</code>',
  );
  expect(found('none', 'x')).toBeUndefined();
});

test('says from which length on output is searched', () => {
  const empty = { items: [], nextCursor: null };
  const hint = 'Output is searched from three characters on.';
  const textOf = (q?: string) =>
    render(<HistoryList query={{ ...(q !== undefined && { q }) }} page={empty} />).text;
  expect([textOf('ab'), textOf('é')].every((text) => text.includes(hint))).toBe(true);
  expect([textOf(), textOf(''), textOf('abc')].some((text) => text.includes(hint))).toBe(false);
});
