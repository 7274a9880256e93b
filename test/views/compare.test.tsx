// Comparing agents, as the pages show it.
import { describe, expect, test } from 'bun:test';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { CompareAgents, ComparePage, RecentComparisons } from '../../views/pages/compare.tsx';
import { ComparisonLive, ComparisonPage } from '../../views/pages/comparison.tsx';
import { see } from './render.ts';
import { agent, approval, command } from '../support/samples.ts';
import { frame, operator, viewer } from './samples.ts';

const usage = (amount: number) => ({ used: 10, size: 100, cost: { amount, currency: 'USD' } });
const changes = (added: number) => ({ files: 1, added, removed: 0 });

function race(...runners: [Partial<CommandExecution>, ...Partial<CommandExecution>[]]) {
  const [first, ...others] = runners.map((runner, index) =>
    command({ id: `c${index}`, agentId: `a${index}`, comparisonId: 'r1', ...runner }),
  );
  if (!first) throw new Error('nobody runs');
  const commands: [CommandExecution, ...CommandExecution[]] = [first, ...others];
  return {
    reader: operator,
    comparison: { comparisonId: 'r1', commands },
    lanes: commands.map((one) => ({
      command: one,
      output: 'held' as const,
      agentType: 'claude' as const,
    })),
    questions: [],
  };
}

/** The facts that are marked as the least of all. */
const least = (state: ReturnType<typeof race>) =>
  [...see(<ComparisonLive {...state} />).html.matchAll(/class="least">([^<]*)/g)].map(
    ([, text]) => text,
  );

describe('the least of each measure', () => {
  test('is marked among those that have completed', () => {
    const slow = { startedAt: 0, completedAt: 9_000, usage: usage(0.1), changes: changes(50) };
    const fast = { startedAt: 0, completedAt: 3_000, usage: usage(0.2), changes: changes(60) };
    expect(least(race(slow, fast))).toEqual(['0.1000 USD', '1 file, +50 −0', '3.0 s']);
  });

  test('is not told of costs in different currencies', () => {
    const dollars = { startedAt: 0, completedAt: 9_000, usage: usage(0.5) };
    const cost = { amount: 3, currency: 'credits' };
    const credits = { ...dollars, usage: { ...usage(3), cost } };
    expect(least(race(dollars, credits))).toEqual([]);
  });

  test('is not one that failed fast', () => {
    const slow = { startedAt: 0, completedAt: 9_000 };
    const broken = { startedAt: 0, completedAt: 10, status: 'failed' as const, exitCode: 1 };
    expect(least(race(slow, broken))).toEqual([]);
  });

  test('is nobody where all are alike', () => {
    const same = { startedAt: 0, completedAt: 9_000 };
    expect(least(race(same, same))).toEqual([]);
  });
});

test('each lane has a terminal of its own, under its own head', () => {
  const { all } = see(<ComparisonPage {...race({}, {})} frame={frame} />);
  const screens = all('.screen').map((screen) => screen.get('data-head'));
  expect(screens).toEqual(['terminal-head-c0', 'terminal-head-c1']);
  for (const head of screens) expect(all(`#${head}`)).toHaveLength(1);
});

test('a question stands in the lane of its command', () => {
  const state = race({ status: 'running' }, { status: 'running' });
  const asked = approval({ commandId: 'c1', agentId: 'a1', title: 'May I?' });
  const questions = [{ approval: asked, command: null }];
  const { html } = see(<ComparisonPage {...state} questions={questions} frame={frame} />);
  const [, second = ''] = html.split('id="lane-asks-c1"');
  expect(second).toContain('May I?');
  expect(html.split('May I?')).toHaveLength(3);
});

test('once all have ended nothing is asked for every 10 s', () => {
  const watch = (state: ReturnType<typeof race>) =>
    see(<ComparisonPage {...state} frame={frame} />)
      .all('#comparison-watch')[0]
      ?.get('hx-trigger');
  expect(watch(race({}, { status: 'running' }))).toContain('every 10s');
  expect(watch(race({}, {}))).not.toContain('every 10s');
});

test('an agent that is away is told apart, and stays chosen if it was', () => {
  const agents = [agent({ agentId: 'here' }), agent({ agentId: 'gone', status: 'offline' })];
  const seen = see(<CompareAgents agents={agents} />);
  expect(seen.all('input').map((box) => box.get('value'))).toEqual(['here', 'gone']);
  // A ticked box that is disabled would not be sent: the others would be compared without it.
  expect(seen.all('input[disabled]')).toEqual([]);
  expect(seen.all('.runner-away')).toHaveLength(1);
});

test('a viewer sees what came of it, and cannot start one', () => {
  const recent = [race({}, {}).comparison];
  const state = { frame, agents: [agent(), agent()], recent, comparisonId: 'r2' };
  expect(see(<ComparePage {...state} reader={viewer} />).all('form[hx-post]')).toEqual([]);
  expect(see(<ComparePage {...state} reader={operator} />).all('form[hx-post]')).toHaveLength(1);
  expect(see(<RecentComparisons recent={recent} />).text).toContain('Fix the login test');
  const running = { ...race({ status: 'running' }, {}), reader: viewer };
  expect(see(<ComparisonPage {...running} frame={frame} />).text).not.toContain('Interrupt');
});
