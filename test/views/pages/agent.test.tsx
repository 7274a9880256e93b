import { expect, test } from 'bun:test';
import { AgentPage, type AgentState } from '../../../views/pages/agent.tsx';
import { render } from '../render.ts';
import { agent, approval, command, NOW } from '../../support/samples.ts';
import { context, operator } from '../samples.ts';

const queued = (id: string, fields = {}) =>
  command({ id, status: 'queued', startedAt: null, completedAt: null, exitCode: null, ...fields });

function renderPage(fields: Partial<AgentState> = {}) {
  const state = {
    user: operator,
    agent: agent(),
    active: [],
    recent: [],
    shown: null,
    pending: [],
    now: NOW,
    ...fields,
  };
  return render(<AgentPage {...state} context={context} requestId="r" />);
}

test('the queue shows the running command first, then the others in order', () => {
  const running = command({ status: 'running', completedAt: null, exitCode: null });
  const active = [running, queued('c2', { priority: 'high' }), queued('c3')];
  const page = renderPage({ agent: agent({ status: 'busy', currentCommand: 'c1' }), active });
  expect(page.findAll('.queue li').map((row) => row.get('id'))).toEqual([
    'queued-c1',
    'queued-c2',
    'queued-c3',
  ]);
  expect(page.text).toMatch(/Now.*Normal.*1Fix.*High.*2Fix.*Normal/s);
});

test('a command that was sent and has not started counts as current', () => {
  const page = renderPage({
    agent: agent({ status: 'busy', currentCommand: 'c1' }),
    active: [queued('c1')],
  });
  expect(page.findAll('.queue-current')).toHaveLength(1);
  expect(page.text).toContain('Queue 0');
});

test('an offline agent shows that commands are queued', () => {
  const page = renderPage({ agent: agent({ status: 'offline', connectionTime: null }) });
  expect(page.text).toContain('build is offline. You can queue commands until it is online.');
  expect(page.text).toContain('Never connected');
});

test('only agents that accept prompts offer a new conversation', () => {
  expect(renderPage().text).toContain('New conversation');
  const shellOnly = renderPage({ agent: agent({ capabilities: ['shell'] }) });
  expect(shellOnly.text).not.toContain('New conversation');
  expect(shellOnly.text).toContain('Shell commands only (start with !).');
});

test('the terminal header contains the command for the island', () => {
  const shown = {
    command: command({ command: 'say "hi" & <wait>' }),
    output: 'held' as const,
    isChosen: true,
    running: null,
  };
  const page = renderPage({ shown, recent: [shown.command] });
  const [header] = page.findAll('#terminal-header');
  expect(JSON.parse(header?.get('data-command') ?? '')).toEqual(shown.command);
  expect(page.text).toContain('Back to live');
  expect(page.findAll('#recent [aria-current]')).toHaveLength(1);
});

test('with a chosen command, the page links to the running one instead of back to live', () => {
  const running = command({ id: 'c2', command: '!make', status: 'running', completedAt: null });
  const shown = { command: command(), output: 'held' as const, isChosen: true };
  const page = renderPage({ shown: { ...shown, running } });
  expect(page.text).toContain('Now running:!makeShow');
  expect(page.findAll('.terminal-running a')[0]?.get('href')).toBe('/agents/build');
  expect(page.text).not.toContain('Back to live');
  expect(renderPage({ shown: { ...shown, running: null } }).text).not.toContain('Now running');
});

test('pending approval requests appear above the terminal', () => {
  const running = command({ status: 'running', completedAt: null, exitCode: null });
  const { html } = renderPage({
    active: [running],
    pending: [{ approval: approval(), command: running }],
  });
  const card = html.indexOf('data-approval="q1"');
  expect(card).toBeGreaterThan(0);
  expect(card).toBeLessThan(html.indexOf('id="terminal-header"'));
});
