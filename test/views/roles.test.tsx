// Which actions each role sees.
import { expect, test } from 'bun:test';
import type { User } from '../../views/components/layout.tsx';
import { AgentLive, AgentPage } from '../../views/pages/agent.tsx';
import { AgentsPage } from '../../views/pages/agents.tsx';
import { CommandPage } from '../../views/pages/command.tsx';
import { render } from './render.ts';
import { agent, command, NOW } from '../support/samples.ts';
import { admin, context, operator, removal, viewer } from './samples.ts';

const running = command({ status: 'running', completedAt: null, exitCode: null });
const queued = command({ id: 'c2', status: 'queued', startedAt: null, completedAt: null });

const blockPage = {
  blocks: [{ command: command(), output: { state: 'removed' as const, removal }, requestId: 'r' }],
  olderThan: null,
};

function renderAgentPage(user: User) {
  const state = {
    user,
    agent: agent({ status: 'busy' }),
    active: [running, queued],
    noticeId: null,
    pending: [],
    now: NOW,
  };
  return {
    page: render(<AgentPage {...state} page={blockPage} context={context} requestId="r" />),
    live: render(<AgentLive {...state} update={{ kind: 'replace', page: blockPage }} />),
  };
}

test('a viewer cannot send, interrupt, add or remove', () => {
  const { page, live } = renderAgentPage(viewer);
  for (const rendered of [page, live]) {
    expect(rendered.findAll('form[hx-post]')).toEqual([]);
    expect(rendered.text).not.toContain('Remove');
    expect(rendered.text).toContain('Fix the login test');
  }
  expect(page.findAll('#terminal')).toHaveLength(1);
  expect(page.findAll('[href="#command"]')).toEqual([]);
  const list = render(<AgentsPage context={context} user={viewer} agents={[]} now={NOW} />);
  expect(list.text).not.toContain('Add agent');
  expect(list.text).toContain('Ask an admin to add one');
  const commandPage = render(
    <CommandPage
      {...{ context, user: viewer, agent: agent(), removal: null, approvals: [] }}
      command={running}
      requestId="r"
    />,
  );
  expect(commandPage.text).not.toContain('Interrupt');
});

test('an operator can send and interrupt, but not remove', () => {
  const { page } = renderAgentPage(operator);
  expect(page.findAll('[href="#command"]')).toHaveLength(1);
  const posts = page.findAll('form[hx-post]').map((form) => form.get('hx-post'));
  expect(posts).toEqual([
    '/commands/c1/again',
    '/commands/c1/interrupt',
    '/agents/build/commands',
    '/commands/c1/interrupt',
    '/commands/c2/cancel',
  ]);
  expect(page.text).not.toContain('Remove');
  expect(page.text).not.toContain('Tokens');
});

test('an admin can also add and remove', () => {
  const { page } = renderAgentPage(admin);
  expect(page.findAll('[hx-get="/agents/build/remove"]')).toHaveLength(1);
  expect(page.findAll('[hx-get="/agents/build/tokens"]')).toHaveLength(1);
  const list = render(<AgentsPage context={context} user={admin} agents={[]} now={NOW} />);
  expect(list.findAll('[hx-get="/dialogs/add-agent"]').length).toBeGreaterThan(0);
});
