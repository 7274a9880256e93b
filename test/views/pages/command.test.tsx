import { expect, test } from 'bun:test';
import type { AgentSummary, CommandExecution } from '../../../src/protocol/entities.ts';
import type { OutputRemoval } from '../../../src/protocol/output-removal.ts';
import { CommandLive, CommandPage } from '../../../views/pages/command.tsx';
import { render } from '../render.ts';
import { agent, approval, command, NOW } from '../../support/samples.ts';
import { context, operator, resolvedApproval, viewer } from '../samples.ts';

const base = { user: operator, agent: agent(), removal: null, approvals: [], requestId: 'r' };

function renderPage(fields: Partial<CommandExecution> = {}, removal: OutputRemoval | null = null) {
  const state = { ...base, command: command(fields), removal };
  return render(<CommandPage {...state} context={context} />);
}

test.each([
  ['retention', 2_592_000_000, 'removed on 2026-01-01 00:00:00 UTC (30-day retention)'],
  ['quota', 5e9, 'removed on 2026-01-01 00:00:00 UTC (quota of 5 GB)'],
  ['disk', null, '(the disk of the hub was full)'],
  ['user', null, '(deleted by a user)'],
] as const)('says when and by which rule its output was removed (%s)', (reason, limit, text) => {
  const page = renderPage({}, { at: Date.UTC(2026, 0, 1), reason, limit });
  expect(page.text).toContain(text);
  expect(page.findAll('#terminal-header')[0]?.get('data-output')).toBe('expired');
  expect(page.text).not.toContain('Delete output');
});

test('says that output was not kept', () => {
  const page = renderPage({}, { at: null, reason: 'not_kept', limit: null });
  expect(page.text).toContain('The output is not available (the hub kept it in memory only).');
});

test('the output of an ended command can be deleted, after a confirmation', () => {
  const [form] = renderPage({}).findAll('#output-actions form');
  expect(form?.get('hx-post')).toBe('/commands/c1/output/delete');
  expect(form?.get('hx-confirm')).toContain('cannot be undone');
  expect(renderPage({ status: 'running' }).findAll('#output-actions form')).toEqual([]);
});

test('shows the message, code and exit code of a failure', () => {
  const page = renderPage({
    status: 'failed',
    exitCode: 3,
    error: { code: 'program_failed', message: 'The program ended with exit code 3.' },
  });
  for (const text of ['Failed', '12 s · exit 3', 'ended with exit code 3', 'program_failed']) {
    expect(page.text).toContain(text);
  }
});

test('a command that has ended updates only on refresh', () => {
  const triggerOf = (status: 'running' | 'completed') =>
    renderPage({ status }).findAll('#command-updates')[0]?.get('hx-trigger');
  expect(triggerOf('running')).toContain('signalbox:command/c1');
  expect(triggerOf('completed')).toBe('signalbox:refresh from:body');
  const renderLive = (status: 'running' | 'completed') =>
    render(<CommandLive {...base} command={command({ status })} />).html;
  expect(renderLive('running')).not.toContain('#command-updates');
  expect(renderLive('completed')).toContain('#command-updates');
});

test('times are rendered in UTC', () => {
  const page = renderPage({ requestedAt: NOW });
  expect(page.text).toContain('2026-03-01 14:03:22 UTC');
  expect(page.findAll(`local-time[at="${NOW}"][as="clock"]`)).toHaveLength(1);
});

test('separates pending approval requests from resolved ones', () => {
  const running = command({ status: 'running', completedAt: null, exitCode: null });
  const approvals = [resolvedApproval(), approval()];
  const state = { ...base, command: running, approvals };
  for (const { findAll } of [
    render(<CommandPage context={context} {...state} />),
    render(<CommandLive {...state} />),
  ]) {
    expect(findAll('[data-approval]').map((card) => card.get('data-approval'))).toEqual(['q1']);
    expect(findAll('.audit li').map((row) => row.get('id'))).toEqual(['audit-q0']);
  }
});

test('unresolved requests of a command that has ended are shown as withdrawn', () => {
  const state = { ...base, approvals: [approval()] };
  const page = render(<CommandPage context={context} {...state} command={command()} />);
  expect(page.findAll('[data-approval]')).toEqual([]);
  expect(page.text).toContain('Withdrawn');
});

test('a command that waits is cancelled with an undo, and one that its agent has is interrupted', () => {
  const queued = command({ status: 'queued', startedAt: null, completedAt: null, exitCode: null });
  const listPosts = (fields: Partial<CommandExecution>, agentFields: Partial<AgentSummary> = {}) =>
    render(<CommandLive {...base} agent={agent(agentFields)} command={{ ...queued, ...fields }} />)
      .findAll('.terminal-actions form')
      .map((form) => form.get('hx-post'));
  expect(listPosts({})).toEqual(['/commands/c1/cancel']);
  expect(listPosts({ stopReason: 'user' })).toEqual(['/commands/c1/restore']);
  expect(listPosts({}, { currentCommand: 'c1' })).toEqual(['/commands/c1/interrupt']);
  expect(listPosts({ stopReason: 'user' }, { currentCommand: 'c1' })).toEqual([]);
  expect(listPosts({ status: 'running' })).toEqual(['/commands/c1/interrupt']);
});

test('an ended command can run again, here and on another agent', () => {
  const listActions = (user = operator, status: 'running' | 'completed' = 'completed') =>
    render(<CommandLive {...base} user={user} command={command({ status })} />)
      .findAll('.terminal-actions form, .terminal-actions button')
      .flatMap((one) => one.get('hx-post') ?? one.get('hx-get') ?? []);
  expect(listActions()).toEqual(['/commands/c1/again', '/commands/c1/again']);
  expect(listActions(viewer)).toEqual([]);
  expect(listActions(operator, 'running')).toEqual(['/commands/c1/interrupt']);
});
