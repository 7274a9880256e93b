import { describe, expect, test } from 'bun:test';
import type { CommandExecution } from '../../../src/protocol/entities.ts';
import { ComparisonLive, ComparisonPage } from '../../../views/pages/comparison.tsx';
import { render } from '../render.ts';
import { approval } from '../../support/samples.ts';
import { context, createComparisonState, viewer } from '../samples.ts';

const usage = (amount: number) => ({ used: 10, size: 100, cost: { amount, currency: 'USD' } });
const changes = (added: number) => ({ files: 1, added, removed: 0 });

describe('the best values', () => {
  const findBest = (...commands: [Partial<CommandExecution>, ...Partial<CommandExecution>[]]) => {
    const { html } = render(<ComparisonLive {...createComparisonState(...commands)} />);
    return [...html.matchAll(/class="best">([^<]*)<span class="best-label"> (\w+)/g)].map(
      ([, value, label]) => `${value} ${label}`,
    );
  };

  test('are marked among completed commands', () => {
    const slow = { startedAt: 0, completedAt: 9_000, usage: usage(0.1), changes: changes(50) };
    const fast = { startedAt: 0, completedAt: 3_000, usage: usage(0.2), changes: changes(60) };
    expect(findBest(slow, fast)).toEqual([
      '0.1000 USD cheapest',
      '1 file, +50 −0 smallest',
      '3 s fastest',
    ]);
  });

  test('do not include costs in different currencies', () => {
    const dollars = { startedAt: 0, completedAt: 9_000, usage: usage(0.5) };
    const cost = { amount: 3, currency: 'credits' };
    const credits = { ...dollars, usage: { ...usage(3), cost } };
    expect(findBest(dollars, credits)).toEqual([]);
  });

  test('do not include failed commands', () => {
    const slow = { startedAt: 0, completedAt: 9_000 };
    const failed = { startedAt: 0, completedAt: 10, status: 'failed' as const, exitCode: 1 };
    expect(findBest(slow, failed)).toEqual([]);
  });

  test('do not include interrupted or running commands, or their costs', () => {
    const completed = { startedAt: 0, completedAt: 9_000, usage: usage(0.5) };
    const slower = { ...completed, completedAt: 12_000, usage: usage(0.75) };
    const credits = { ...usage(3), cost: { amount: 3, currency: 'credits' } };
    const interrupted = { startedAt: 0, completedAt: 10, usage: credits, exitCode: null };
    expect(findBest(completed, slower, { ...interrupted, status: 'interrupted' })).toEqual([
      '9 s fastest',
      '0.5000 USD cheapest',
    ]);
  });

  test('a command that changed nothing is not marked as the smallest change', () => {
    const some = { changes: changes(50) };
    const none = { changes: { files: 0, added: 0, removed: 0 } };
    expect(findBest(some, none)).toEqual([]);
    expect(findBest(some, { changes: changes(60) }, none)).toEqual(['1 file, +50 −0 smallest']);
  });

  test('are not marked if all values are equal', () => {
    const same = { startedAt: 0, completedAt: 9_000 };
    expect(findBest(same, same)).toEqual([]);
  });
});

test('each column has a terminal with its own header', () => {
  const { findAll } = render(
    <ComparisonPage {...createComparisonState({}, {})} context={context} />,
  );
  const headers = findAll('.terminal-screen').map((screen) => screen.get('data-header'));
  expect(headers).toEqual(['terminal-header-c0', 'terminal-header-c1']);
  for (const header of headers) expect(findAll(`#${header}`)).toHaveLength(1);
});

test('an approval request appears in the column of its command', () => {
  const state = createComparisonState({ status: 'running' }, { status: 'running' });
  const request = approval({ commandId: 'c1', agentId: 'a1', title: 'Run make' });
  const pending = [{ approval: request, command: null }];
  const { html } = render(<ComparisonPage {...state} pending={pending} context={context} />);
  const [, second = ''] = html.split('id="comparison-approvals-c1"');
  expect(second).toContain('>Run make<');
  expect(html.split('Run make')).toHaveLength(3);
});

test('the page stops polling once all commands have ended', () => {
  const triggerOf = (state: ReturnType<typeof createComparisonState>) =>
    render(<ComparisonPage {...state} context={context} />)
      .findAll('#comparison-updates')[0]
      ?.get('hx-trigger');
  expect(triggerOf(createComparisonState({}, { status: 'running' }))).toContain('every 10s');
  expect(triggerOf(createComparisonState({}, {}))).not.toContain('every 10s');
});

test('a viewer cannot interrupt', () => {
  const state = { ...createComparisonState({ status: 'running' }, {}), user: viewer };
  expect(render(<ComparisonPage {...state} context={context} />).text).not.toContain('Interrupt');
});
