import { expect, test } from 'bun:test';
import { AgentsPage } from '../../../views/pages/agents.tsx';
import { render } from '../render.ts';
import { agent, command, NOW } from '../../support/samples.ts';
import { admin, context, operator } from '../samples.ts';

test('shows each status as text and counts them', () => {
  const agents = (['online', 'busy', 'offline'] as const).map((status) => ({
    agent: agent({ agentId: status, status, queueLength: status === 'busy' ? 3 : 0 }),
    current: status === 'busy' ? command({ status: 'running' }) : null,
    pendingTitle: null,
    queuedSince: null,
  }));
  const page = render(<AgentsPage context={context} user={admin} agents={agents} now={NOW} />);
  expect(page.text).toMatch(/1 online.*1 busy.*1 offline/);
  for (const text of [
    'Online',
    'Busy',
    'Offline',
    'Claude Code',
    '3 commands queued',
    'Fix the login test',
  ]) {
    expect(page.text).toContain(text);
  }
  expect(page.findAll('.queue-length-bar i')).toHaveLength(3);
  expect(page.findAll('[hx-trigger*="signalbox:agent-status"]')).toHaveLength(1);
});

test('draws at most eight queued commands', () => {
  const idle = { current: null, pendingTitle: null, queuedSince: null };
  const agents = [{ agent: agent({ queueLength: 90 }), ...idle }];
  const page = render(<AgentsPage context={context} user={admin} agents={agents} now={NOW} />);
  expect(page.findAll('.queue-length-bar i')).toHaveLength(8);
  expect(page.text).toContain('90 commands queued');
});

test('without agents, explains how to add one', () => {
  const page = render(<AgentsPage context={context} user={admin} agents={[]} now={NOW} />);
  expect(page.text).toContain('Copy the start command.');
});

test('without agents, a user who is limited to some is not asked to have one added', () => {
  const empty = { context, user: operator, agents: [], now: NOW };
  expect(render(<AgentsPage {...empty} />).text).toContain('Ask an admin to add one.');
  const { text } = render(<AgentsPage {...empty} isLimited />);
  expect(text).toContain('You have access to no agent. Ask an admin.');
  expect(text).not.toContain('No agents yet');
});

test('an agent that waits for approval shows the request, unless it is offline', () => {
  const current = command({ status: 'running', completedAt: null, exitCode: null });
  const renderAgent = (status: 'busy' | 'offline') => {
    const waiting = agent({ status, waitingForApproval: true });
    const pendingTitle = 'Edit src/main.ts';
    const agents = [{ agent: waiting, current, pendingTitle, queuedSince: null }];
    return render(<AgentsPage context={context} user={operator} agents={agents} now={NOW} />);
  };
  const page = renderAgent('busy');
  expect(page.text).toMatch(/1 waiting for approval.*0 busy/);
  expect(page.text).toMatch(/Waiting for approval.*Needs approval: Edit src\/main.ts/);
  expect(page.findAll('.indicator-waiting .indicator-question')).toHaveLength(1);
  expect(renderAgent('offline').text).not.toContain('Waiting for approval');
});
