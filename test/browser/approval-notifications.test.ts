// The approval texts that the page writes itself: the count in the title and the outcome of a request.
import { expect, test } from 'bun:test';
import { describeOutcome, formatOutcomeNotice } from '../../src/browser/approval-notifications.ts';
import { applyMessage, createPageStore } from '../../src/browser/page-state.ts';
import { addBadge } from '../../src/browser/pending-count.ts';
import { formatTitle } from '../../src/protocol/approvals.ts';
import type { ApprovalRequest, HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';

const version = '1.0.0';
const request = (approvalId: string): ApprovalRequest => ({
  type: 'approval:request',
  version,
  approvalId,
  commandId: 'c',
  agentId: 'a',
  title: 'Edit x',
  options: [{ optionId: 'yes', name: 'Sure', kind: 'allow_once' }],
  requestedAt: 1,
});
const resolved = {
  type: 'approval:resolved',
  version,
  approvalId: 'q1',
  outcome: 'selected',
  optionId: 'yes',
  resolvedBy: 'otto',
} as const;

test('the title shows the count unless it is zero', () => {
  expect([0, 1, 12].map((open) => formatTitle('(2) things · Signalbox', open))).toEqual([
    '(2) things · Signalbox',
    '(1) (2) things · Signalbox',
    '(12) (2) things · Signalbox',
  ]);
});

test('pending requests follow the hub: added, resolved, and sent again after a reconnect', () => {
  const store = createPageStore();
  const apply = (...messages: HubToDashboard[]) => {
    for (const message of messages) store.setState((state) => applyMessage(state, message));
    return [...store.getState().approvals.keys()];
  };
  expect(apply(request('q1'), request('q2'), request('q1'))).toEqual(['q1', 'q2']);
  expect(apply(resolved)).toEqual(['q2']);
  expect(apply(resolved)).toEqual(['q2']);
  const limits = {
    messageBytes: 1,
    chunkBytes: 1,
    bufferBytes: 1,
    commandBytes: 1,
    queueLength: 1,
    commandTimeoutMs: 1,
    maxCommandTimeoutMs: 1,
  };
  const welcome = {
    type: 'dashboard:welcome',
    version,
    connectionId: 'x',
    hubEpoch: 'e',
    userId: 'u',
    role: 'viewer',
    resumed: true,
    heartbeatIntervalMs: 1,
    limits,
  } as const;
  expect(apply(welcome, request('q3'))).toEqual(['q3']);
});

test('the outcome names the decision and the user', () => {
  expect(describeOutcome(request('q1'), resolved)).toBe('Approved by otto');
  expect(formatOutcomeNotice(request('q1'), resolved)).toBe('Approved by otto: Edit x');
  const {
    optionId: _,
    resolvedBy: __,
    ...cancelled
  } = { ...resolved, outcome: 'cancelled' as const };
  expect(formatOutcomeNotice(request('q1'), cancelled)).toBe('Withdrawn: Edit x');
});

test('the badge is added to the icon', () => {
  const icon = decodeURIComponent(addBadge('<svg><path d="M0 0"/></svg>'));
  expect(icon).toMatch(/^data:image\/svg\+xml,<svg><path d="M0 0"\/><circle [^>]+><\/svg>$/);
});
