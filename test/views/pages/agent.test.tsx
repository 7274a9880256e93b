import { describe, expect, test } from 'bun:test';
import type { CommandExecution } from '../../../src/protocol/entities.ts';
import type { SessionBlock } from '../../../views/components/block.tsx';
import type { BlockPage } from '../../../views/components/session.tsx';
import {
  AgentLive,
  AgentPage,
  type AgentState,
  type BlockUpdate,
} from '../../../views/pages/agent.tsx';
import { render } from '../render.ts';
import { agent, approval, command, NOW } from '../../support/samples.ts';
import { context, operator, removal } from '../samples.ts';

const queued = (id: string, fields = {}) =>
  command({ id, status: 'queued', startedAt: null, completedAt: null, exitCode: null, ...fields });

const state: AgentState = {
  user: operator,
  agent: agent(),
  active: [],
  noticeId: 'n1',
  pending: [],
  now: NOW,
};

const block = (fields: Partial<CommandExecution> = {}): SessionBlock => ({
  command: command(fields),
  output: { state: 'removed', removal },
  requestId: 'r',
});

function renderPage({
  page = { blocks: [], olderThan: null },
  ...fields
}: Partial<AgentState> & { page?: BlockPage } = {}) {
  return render(<AgentPage {...state} {...fields} page={page} context={context} requestId="r" />);
}

test('the keyboard of a phone makes the page smaller', () => {
  const [viewport] = renderPage().findAll('meta[name=viewport]');
  expect(viewport?.get('content')).toContain('interactive-widget=resizes-content');
});

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

test('an offline agent offers to queue the command', () => {
  const page = renderPage({ agent: agent({ status: 'offline', connectionTime: null }) });
  expect(page.text).toContain('build is offline: runs when it is online');
  expect(page.findAll('#composer-send')[0]?.get('value')).toBe('queue');
  expect(page.text).toContain('Never connected');
});

test('only agents that accept prompts offer a new conversation', () => {
  expect(renderPage().text).toContain('New conversation');
  const shellOnly = renderPage({ agent: agent({ capabilities: ['shell'] }) });
  expect(shellOnly.text).not.toContain('New conversation');
  expect(shellOnly.text).toContain('Shell commands only (!).');
});

test('the current command is in the header of the terminal, for the island', () => {
  const current = command({ command: 'say "hi" & <wait>', status: 'running', completedAt: null });
  const page = renderPage({ active: [current] });
  const [header] = page.findAll('#terminal-header');
  expect(JSON.parse(header?.get('data-command') ?? '')).toEqual(current);
  expect(header?.get('data-output')).toBe('held');
  expect(renderPage().findAll('#terminal-header[data-output=none]')).toHaveLength(1);
});

test('blocks are above the current command, the oldest first, and queued commands follow in short', () => {
  const { findAll, html } = renderPage({
    active: [command({ id: 'now', status: 'running', completedAt: null }), queued('q1')],
    page: { blocks: [block({ id: 'old' }), block({ id: 'new' })], olderThan: '1.x' },
  });
  expect(findAll('.block[id]').map((one) => one.get('id'))).toEqual([
    'block-old',
    'block-new',
    'current',
    'block-q1',
  ]);
  expect(findAll('#older')[0]?.get('hx-get')).toBe('/agents/build/older?before=1.x');
  expect(html.indexOf('block-q1')).toBeLessThan(html.indexOf('id="composer"'));
});

test('the session shows the first queued commands, and how many more there are', () => {
  const active = Array.from({ length: 8 }, (_, index) => queued(`q${index}`));
  const page = renderPage({ active });
  expect(page.findAll('#queued-blocks .block')).toHaveLength(5);
  expect(page.text).toContain('3 more in the queue');
});

test('pending approval requests are above the composer; only the oldest is open', () => {
  const running = command({ status: 'running', completedAt: null, exitCode: null });
  const { html, findAll } = renderPage({
    active: [running],
    pending: ['q1', 'q2'].map((approvalId) => ({
      approval: approval({ approvalId }),
      command: running,
    })),
  });
  const card = html.indexOf('data-approval="q1"');
  expect(card).toBeGreaterThan(html.indexOf('id="terminal-header"'));
  expect(card).toBeLessThan(html.indexOf('id="composer"'));
  expect(findAll('.approval-folded').map((one) => one.get('data-approval'))).toEqual(['q2']);
});

test('a session without commands says what to do', () => {
  expect(renderPage().text).toContain('No commands yet');
});

describe('an update', () => {
  const renderUpdate = (update: BlockUpdate) =>
    render(<AgentLive {...state} update={update} />).findAll('hx-partial');
  const targets = (update: BlockUpdate) => renderUpdate(update).map((one) => one.get('hx-target'));

  test('appends blocks, and renders the footers of the last ones again', () => {
    const update = { kind: 'append' as const, blocks: [block({ id: 'b2' })], shown: [command()] };
    expect(targets(update)).toContain('#blocks');
    expect(targets(update)).toContain('#block-footer-c1');
    expect(targets({ ...update, blocks: [] })).not.toContain('#blocks');
  });

  test('replaces the list if the page has missed too many', () => {
    const page = { blocks: [block()], olderThan: null };
    expect(targets({ kind: 'replace', page })).toContain('#block-list');
  });
});
