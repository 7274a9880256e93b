// What people see of agents' questions and of their answers.
import { expect, test } from 'bun:test';
import type { Approval } from '../../src/protocol/approvals.ts';
import type { CommandStatus } from '../../src/protocol/command-status.ts';
import { AgentPage } from '../../views/pages/agent.tsx';
import { AgentsPage } from '../../views/pages/agents.tsx';
import { ApprovalAudit } from '../../views/components/approval-audit.tsx';
import { ApprovalsPage } from '../../views/pages/approvals.tsx';
import { CommandLive, CommandPage } from '../../views/pages/command.tsx';
import type { Reader } from '../../views/components/layout.tsx';
import { see } from './render.ts';
import { agent, approval, command, NOW } from '../support/samples.ts';
import { frame, operator, viewer } from './samples.ts';

const running = command({ status: 'running', completedAt: null, exitCode: null });

function inbox(approvals: Approval[], reader: Reader = operator) {
  const questions = approvals.map((one) => ({ approval: one, command: running }));
  return see(<ApprovalsPage {...{ frame, reader, questions }} />);
}

test('a question has its agent, its title, its answers in their order, and the way to its command', () => {
  const seen = inbox([approval(), approval({ approvalId: 'q2', title: 'Run make' })]);
  expect(seen.all('[data-approval]').map((card) => card.get('data-approval'))).toEqual([
    'q1',
    'q2',
  ]);
  const answers = seen.all('#approval-q1 button');
  expect(answers.map((answer) => answer.get('value'))).toEqual(['yes', 'always', 'no']);
  expect(answers.map((answer) => answer.get('aria-keyshortcuts'))).toEqual(['1', '2', '3']);
  expect(seen.all('form input[name=approvalId]').map((input) => input.get('value'))).toEqual([
    'q1',
    'q2',
  ]);
  expect(seen.all('.approval-command')[0]?.get('href')).toBe('/commands/c1');
  expect(seen.text).toMatch(/build asks .*Edit src\/main.ts.*From the command.*Fix the login test/);
});

test('an answer is marked by its kind, never by its name', () => {
  const options = [
    { optionId: 'a', name: 'No, reject', kind: 'allow_always' },
    { optionId: 'b', name: 'Yes, allow', kind: 'reject_once' },
    { optionId: 'c', name: 'Allow', kind: 'something_new' },
    { optionId: 'd', name: 'Deny', kind: 'allow_once' },
  ];
  const marks = inbox([approval({ options })])
    .all('.approval-option')
    .map((answer) => answer.get('class')?.match(/button-first|approval-(?!option)\w+/g));
  expect(marks).toEqual([
    ['approval-allow'],
    ['approval-reject'],
    ['approval-other'],
    ['button-first', 'approval-allow'],
  ]);
});

test('only the first nine answers have a key', () => {
  const options = Array.from({ length: 11 }, (_, index) => ({
    optionId: String(index),
    name: `Answer ${index}`,
    kind: 'allow_once',
  }));
  const seen = inbox([approval({ options })]);
  expect(seen.all('.approval-option')).toHaveLength(11);
  expect(seen.all('.approval-option[aria-keyshortcuts]')).toHaveLength(9);
});

test('a viewer sees every question, and nothing to answer with', () => {
  const seen = inbox([approval({ detail: 'make test' })], viewer);
  expect(seen.text).toContain('make test');
  expect(seen.text).toContain('may watch, but not answer');
  expect(seen.all('form[hx-post], [name=optionId]')).toEqual([]);
  expect(seen.all('kbd')).toEqual([]);
});

test('an empty inbox says what will come here', () => {
  expect(inbox([]).text).toContain('Nobody waits for you');
});

test('the title and the name board count what is open', () => {
  const page = (waiting: number) =>
    see(<ApprovalsPage frame={{ ...frame, waiting }} reader={operator} questions={[]} />);
  expect(page(2).text).toContain('(2) Approvals · Signalbox');
  expect(page(2).all('title')[0]?.get('data-plain')).toBe('Approvals · Signalbox');
  expect(page(2).all('#waiting[hidden]')).toEqual([]);
  expect(page(2).all('.board[data-waiting]')).toHaveLength(1);
  expect(page(0).text).toStartWith('Approvals · Signalbox');
  expect(page(0).all('#waiting[hidden]')).toHaveLength(1);
  expect(page(0).all('.board[data-waiting]')).toEqual([]);
});

test('an agent that waits says so by word, lamp and mark, and what it asks', () => {
  const waiting = agent({ status: 'busy', waitingForApproval: true });
  const row = { agent: waiting, current: running, asks: 'Edit src/main.ts' };
  const seen = see(<AgentsPage frame={frame} reader={operator} agents={[row]} />);
  expect(seen.text).toMatch(/1 waiting for approval.*0 busy/);
  expect(seen.text).toMatch(/Waiting for approval.*Asks Edit src\/main.ts/);
  expect(seen.all('.head-waiting .head-ask')).toHaveLength(1);
  const away = agent({ status: 'offline', waitingForApproval: true });
  const offline = { agent: away, current: running, asks: 'Edit src/main.ts' };
  const later = see(<AgentsPage frame={frame} reader={operator} agents={[offline]} />);
  expect(later.text).not.toContain('Waiting for approval');
});

test("an agent's questions stand above its terminal", () => {
  const state = { reader: operator, agent: agent(), live: [running], recent: [], shown: null };
  const questions = [{ approval: approval(), command: running }];
  const { html } = see(<AgentPage {...state} {...{ frame, questions }} requestId="r" />);
  const asks = html.indexOf('data-approval="q1"');
  expect(asks).toBeGreaterThan(0);
  expect(asks).toBeLessThan(html.indexOf('id="terminal-head"'));
});

const answered = approval({
  approvalId: 'q0',
  outcome: 'selected',
  optionId: 'yes',
  resolvedBy: 'otto',
  resolvedAt: NOW - 8000,
  appliedAt: NOW - 7900,
});

test("a command's page parts what is open from what was answered", () => {
  const approvals = [answered, approval()];
  const state = { reader: operator, command: running, output: 'held' as const, approvals };
  for (const seen of [
    see(<CommandPage frame={frame} {...state} />),
    see(<CommandLive {...state} />),
  ]) {
    expect(seen.all('[data-approval]').map((card) => card.get('data-approval'))).toEqual(['q1']);
    expect(seen.all('.audit li').map((row) => row.get('id'))).toEqual(['audit-q0']);
  }
});

test.each<[string, Partial<Approval>, CommandStatus, RegExp]>([
  ['allowed', {}, 'running', /Approved by otto.*answered after 12.0 s.*agent has it since/],
  ['always', { optionId: 'always' }, 'running', /Always approved by otto/],
  ['rejected', { optionId: 'no' }, 'running', /Rejected by otto/],
  ['not confirmed yet', { appliedAt: null }, 'running', /has not said yet that it got it/],
  ['never confirmed', { appliedAt: null }, 'failed', /never said that it got it/],
  [
    'withdrawn',
    { outcome: 'cancelled', optionId: null, resolvedBy: null, appliedAt: null },
    'interrupted',
    /^(?!.*got it).*Withdrawn.*withdrawn after 12.0 s/s,
  ],
  [
    'of a kind nobody knows',
    { options: [{ optionId: 'yes', name: 'Proceed', kind: 'toString' }] },
    'running',
    /“Proceed” selected by otto/,
  ],
])('the audit tells a question that was %s', (_, fields, status, says) => {
  const seen = see(<ApprovalAudit approvals={[{ ...answered, ...fields }]} status={status} />);
  expect(seen.text).toMatch(says);
  expect(seen.text).toContain('Asked 2026-03-01 14:03:02 UTC');
});

test('a question nobody answered before its command ended can be answered no more', () => {
  const state = { reader: operator, output: 'held' as const, approvals: [approval()] };
  const seen = see(<CommandPage frame={frame} {...state} command={command()} />);
  expect(seen.all('[data-approval]')).toEqual([]);
  expect(seen.text).toContain('Withdrawn');
});

test('what was asked about stays open while the page changes around it', () => {
  const approvals = [{ ...answered, detail: 'make test' }];
  const seen = see(<ApprovalAudit approvals={approvals} status="running" />);
  expect(seen.all('details[hx-morph-skip]')).toHaveLength(1);
  expect(seen.text).toContain('make test');
});
