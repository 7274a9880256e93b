// Who may do what, on the page.
import { expect, test } from 'bun:test';
import type { Reader } from '../../views/components/layout.tsx';
import { AgentLive, AgentPage } from '../../views/pages/agent.tsx';
import { AgentsPage } from '../../views/pages/agents.tsx';
import { CommandPage } from '../../views/pages/command.tsx';
import { see } from './render.ts';
import { agent, command } from '../support/samples.ts';
import { admin, frame, operator, viewer } from './samples.ts';

const running = command({ status: 'running', completedAt: null, exitCode: null });
const waiting = command({ id: 'c2', status: 'queued', startedAt: null, completedAt: null });

function agentPage(reader: Reader) {
  const shown = { command: running, output: 'held' as const, chosen: false };
  const state = {
    reader,
    agent: agent({ status: 'busy' }),
    live: [running, waiting],
    recent: [],
    shown,
    questions: [],
  };
  return {
    page: see(<AgentPage {...state} frame={frame} requestId="r" />),
    live: see(<AgentLive {...state} />),
  };
}

test('a viewer watches: nothing to send, stop, add or revoke', () => {
  const { page, live } = agentPage(viewer);
  for (const seen of [page, live]) {
    expect(seen.all('form[hx-post]')).toEqual([]);
    expect(seen.text).not.toContain('Revoke');
    expect(seen.text).toContain('Fix the login test');
  }
  expect(page.all('#terminal')).toHaveLength(1);
  const overview = see(<AgentsPage frame={frame} reader={viewer} agents={[]} />);
  expect(overview.text).not.toContain('Add agent');
  expect(overview.text).toContain('An administrator can add one');
  const alone = see(
    <CommandPage frame={frame} reader={viewer} command={running} output="held" approvals={[]} />,
  );
  expect(alone.text).not.toContain('Interrupt');
});

test('an operator sends and stops, and manages no agents', () => {
  const { page } = agentPage(operator);
  const posts = page.all('form[hx-post]').map((form) => form.get('hx-post'));
  expect(posts).toEqual([
    '/commands/c1/interrupt',
    '/agents/build/commands',
    '/commands/c1/interrupt',
    '/commands/c2/interrupt',
  ]);
  expect(page.text).not.toContain('Revoke');
});

test('an admin also adds and revokes', () => {
  const { page } = agentPage(admin);
  expect(page.all('[hx-get="/agents/build/revoke"]')).toHaveLength(1);
  const overview = see(<AgentsPage frame={frame} reader={admin} agents={[]} />);
  expect(overview.all('[hx-get="/dialogs/add-agent"]').length).toBeGreaterThan(0);
});
