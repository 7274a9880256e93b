import { expect, test } from 'bun:test';
import { AgentOptions, ComparePage, RecentComparisons } from '../../../views/pages/compare.tsx';
import { render } from '../render.ts';
import { agent } from '../../support/samples.ts';
import { context, createComparisonState, operator, viewer } from '../samples.ts';

test('offline agents are marked but can stay selected', () => {
  const agents = [
    agent({ agentId: 'online' }),
    agent({ agentId: 'offline', status: 'offline' as const }),
  ];
  const { findAll } = render(<AgentOptions agents={agents} />);
  expect(findAll('input').map((box) => box.get('value'))).toEqual(['online', 'offline']);
  // Browsers do not submit disabled boxes: the comparison would run without the selected agent.
  expect(findAll('input[disabled]')).toEqual([]);
  expect(findAll('.agent-option-offline')).toHaveLength(1);
});

test('a viewer sees comparisons but cannot start one', () => {
  const recent = [createComparisonState({}, {}).comparison];
  const state = { context, agents: [agent(), agent()], recent, comparisonId: 'r2' };
  const viewerPage = render(<ComparePage {...state} user={viewer} />);
  expect(viewerPage.findAll('form[hx-post]')).toEqual([]);
  const operatorPage = render(<ComparePage {...state} user={operator} />);
  expect(operatorPage.findAll('form[hx-post]')).toHaveLength(1);
  expect(render(<RecentComparisons recent={recent} />).text).toContain('Fix the login test');
});
