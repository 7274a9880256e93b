import { expect, test } from 'bun:test';
import type { Approval } from '../../../src/protocol/approvals.ts';
import type { CommandStatus } from '../../../src/protocol/command-status.ts';
import { ApprovalAudit } from '../../../views/components/approval-audit.tsx';
import { render } from '../render.ts';
import { resolvedApproval } from '../samples.ts';

test.each<[string, Partial<Approval>, CommandStatus, RegExp]>([
  ['approved', {}, 'running', /Approved by otto.*Responded after 12 s.*Delivered 2026/],
  ['always approved', { optionId: 'always' }, 'running', /Always approved by otto/],
  ['rejected', { optionId: 'no' }, 'running', /Rejected by otto/],
  ['not confirmed yet', { appliedAt: null }, 'running', /Delivery not confirmed yet/],
  ['never confirmed', { appliedAt: null }, 'failed', /Delivery was not confirmed/],
  [
    'withdrawn',
    { outcome: 'cancelled', optionId: null, resolvedBy: null, appliedAt: null },
    'interrupted',
    /^(?!.*Deliver).*Withdrawn.*Withdrawn after 12 s/s,
  ],
  [
    'resolved with an option of unknown kind',
    { options: [{ optionId: 'yes', name: 'Proceed', kind: 'toString' }] },
    'running',
    /“Proceed” selected by otto/,
  ],
])('shows a request that was %s', (_, fields, status, text) => {
  const audit = render(
    <ApprovalAudit commandId="c1" approvals={[resolvedApproval(fields)]} status={status} />,
  );
  expect(audit.text).toMatch(text);
  expect(audit.text).toContain('Requested 2026-03-01 14:03:02 UTC');
});

test('open details stay open when the page updates', () => {
  const approvals = [resolvedApproval({ detail: 'make test' })];
  const audit = render(<ApprovalAudit commandId="c1" approvals={approvals} status="running" />);
  expect(audit.findAll('details[hx-morph-skip]')).toHaveLength(1);
  expect(audit.text).toContain('make test');
});
