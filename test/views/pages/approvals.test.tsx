import { expect, test } from 'bun:test';
import type { Approval } from '../../../src/protocol/approvals.ts';
import type { User } from '../../../views/components/layout.tsx';
import { ApprovalsPage } from '../../../views/pages/approvals.tsx';
import { render } from '../render.ts';
import { approval, command } from '../../support/samples.ts';
import { context, operator, viewer } from '../samples.ts';

const running = command({ status: 'running', completedAt: null, exitCode: null });

function renderPage(approvals: Approval[], user: User = operator, decisions: Approval[] = []) {
  const pending = approvals.map((one) => ({ approval: one, command: running }));
  return render(<ApprovalsPage {...{ context, user, pending, decisions }} />);
}

test('a request shows its agent, title, options in order, and command', () => {
  const page = renderPage([approval(), approval({ approvalId: 'q2', title: 'Run make' })]);
  expect(page.findAll('[data-approval]').map((card) => card.get('data-approval'))).toEqual([
    'q1',
    'q2',
  ]);
  const buttons = page.findAll('#approval-q1 button');
  expect(buttons.map((button) => button.get('value'))).toEqual(['yes', 'always', 'no']);
  expect(buttons.map((button) => button.get('aria-keyshortcuts'))).toEqual(['1', '2', '3']);
  expect(page.findAll('form input[name=approvalId]').map((input) => input.get('value'))).toEqual([
    'q1',
    'q2',
  ]);
  expect(page.findAll('.approval-command')[0]?.get('href')).toBe('/commands/c1');
  expect(page.text).toMatch(
    /build requested approval .*Edit src\/main.ts.*Command:.*Fix the login test/,
  );
});

test('options are styled by their kind, not by their name', () => {
  const options = [
    { optionId: 'a', name: 'No, reject', kind: 'allow_always' },
    { optionId: 'b', name: 'Yes, allow', kind: 'reject_once' },
    { optionId: 'c', name: 'Allow', kind: 'something_new' },
    { optionId: 'd', name: 'Deny', kind: 'allow_once' },
  ];
  const classes = renderPage([approval({ options })])
    .findAll('.approval-option')
    .map((button) => button.get('class')?.match(/button-primary|approval-(?!option)\w+/g));
  expect(classes).toEqual([
    ['approval-allow'],
    ['approval-reject'],
    ['approval-other'],
    ['button-primary', 'approval-allow'],
  ]);
});

test('only the first nine options have a keyboard shortcut', () => {
  const options = Array.from({ length: 11 }, (_, index) => ({
    optionId: String(index),
    name: `Option ${index}`,
    kind: 'allow_once',
  }));
  const page = renderPage([approval({ options })]);
  expect(page.findAll('.approval-option')).toHaveLength(11);
  expect(page.findAll('.approval-option[aria-keyshortcuts]')).toHaveLength(9);
});

test('a viewer sees requests but cannot respond', () => {
  const page = renderPage([approval({ detail: 'make test' })], viewer);
  expect(page.text).toContain('make test');
  expect(page.text).toContain('Only operators and admins can respond.');
  expect(page.findAll('form[hx-post], [name=optionId]')).toEqual([]);
  expect(page.findAll('kbd')).toEqual([]);
});

test('an empty inbox says that nothing needs approval', () => {
  expect(renderPage([]).text).toContain('Nothing needs your approval');
});

test('the title and the menu show the number of pending requests', () => {
  const renderCount = (pendingCount: number) =>
    render(
      <ApprovalsPage
        context={{ ...context, pendingCount }}
        user={operator}
        pending={[]}
        decisions={[]}
      />,
    );
  const two = renderCount(2);
  expect(two.text).toContain('(2) Approvals · Signalbox');
  expect(two.findAll('title')[0]?.get('data-title')).toBe('Approvals · Signalbox');
  expect(two.findAll('#pending-count[hidden]')).toEqual([]);
  expect(two.findAll('.header[data-pending]')).toHaveLength(1);
  const none = renderCount(0);
  expect(none.text).toStartWith('Approvals · Signalbox');
  expect(none.findAll('#pending-count[hidden]')).toHaveLength(1);
  expect(none.findAll('.header[data-pending]')).toEqual([]);
});

test('recent decisions say who decided what', () => {
  const decision = approval({ approvalId: 'old', outcome: 'selected', optionId: 'no' });
  const page = renderPage([], operator, [{ ...decision, resolvedBy: 'vera', resolvedAt: 1 }]);
  expect(page.text).toMatch(/Recent decisions.*Rejected by vera.*Edit src\/main.ts.*build/);
  expect(renderPage([]).text).not.toContain('Recent decisions');
});
