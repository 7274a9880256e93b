// What the page itself says of questions: the count in the title, and how one ended.
import { expect, test } from 'bun:test';
import { endLine } from '../../src/browser/approval-notifications.ts';
import { afterMessage, createState } from '../../src/browser/page-state.ts';
import { iconThatAsks } from '../../src/browser/pending-count.ts';
import { titleWith } from '../../src/protocol/approvals.ts';
import type { ApprovalRequest, HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';

const version = '1.0.0';
const asked = (approvalId: string): ApprovalRequest => ({
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

test('the title counts, and is plain again', () => {
  expect([0, 1, 12].map((open) => titleWith('(2) things · Signalbox', open))).toEqual([
    '(2) things · Signalbox',
    '(1) (2) things · Signalbox',
    '(12) (2) things · Signalbox',
  ]);
});

test('the page knows what is open: asked, answered, and told anew by a hub that came back', () => {
  const store = createState();
  const hear = (...messages: HubToDashboard[]) => {
    for (const message of messages) store.setState((state) => afterMessage(state, message));
    return [...store.getState().approvals.keys()];
  };
  expect(hear(asked('q1'), asked('q2'), asked('q1'))).toEqual(['q1', 'q2']);
  expect(hear(resolved)).toEqual(['q2']);
  expect(hear(resolved)).toEqual(['q2']);
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
  expect(hear(welcome, asked('q3'))).toEqual(['q3']);
});

test('an end is told in a line', () => {
  expect(endLine(asked('q1'), resolved)).toBe('Allowed by otto: Edit x');
  const {
    optionId: _,
    resolvedBy: __,
    ...cancelled
  } = { ...resolved, outcome: 'cancelled' as const };
  expect(endLine(asked('q1'), cancelled)).toBe('Withdrawn: Edit x');
});

test('the icon that asks is the same one with a lamp', () => {
  const icon = decodeURIComponent(iconThatAsks('<svg><path d="M0 0"/></svg>'));
  expect(icon).toMatch(/^data:image\/svg\+xml,<svg><path d="M0 0"\/><circle [^>]+><\/svg>$/);
});
