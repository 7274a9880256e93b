// Sample users, page context and view states. Entities are in test/support/samples.ts.
import type { Approval } from '../../src/protocol/approvals.ts';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import type { OutputRemoval } from '../../src/protocol/output-removal.ts';
import type { PageContext, User } from '../../views/components/layout.tsx';
import { agent, approval, command, NOW } from '../support/samples.ts';

export const context: PageContext = {
  assets: {
    css: '/assets/s.css',
    xtermCss: '/assets/x.css',
    htmx: '/assets/h.js',
    island: '/assets/i.js',
    icon: '/assets/i.svg',
    sansFont: '/assets/s.woff2',
    monoFont: '/assets/m.woff2',
  },
  build: 'b1',
  nonce: 'nonce-of-this-response',
  pendingCount: 0,
  hasHubs: false,
  theme: null,
};

export const viewer: User = { userId: 'vera', role: 'viewer' };
export const operator: User = { userId: 'otto', role: 'operator' };
export const admin: User = { userId: 'ada', role: 'admin' };

/** Output that a user deleted. */
export const removal: OutputRemoval = { at: NOW - 5000, reason: 'user', limit: null };

export function resolvedApproval(fields: Partial<Approval> = {}): Approval {
  return approval({
    approvalId: 'q0',
    outcome: 'selected',
    optionId: 'yes',
    resolvedBy: 'otto',
    resolvedAt: NOW - 8000,
    appliedAt: NOW - 7900,
    ...fields,
  });
}

/** The state of a comparison with these commands, one agent each. */
export function createComparisonState(
  ...[first, ...others]: [Partial<CommandExecution>, ...Partial<CommandExecution>[]]
) {
  const createCommand = (fields: Partial<CommandExecution>, index: number) =>
    command({ id: `c${index}`, agentId: `a${index}`, comparisonId: 'r1', ...fields });
  const commands: [CommandExecution, ...CommandExecution[]] = [
    createCommand(first, 0),
    ...others.map((fields, index) => createCommand(fields, index + 1)),
  ];
  return {
    user: operator,
    comparison: { comparisonId: 'r1', commands },
    columns: commands.map((one) => ({
      command: one,
      removal: null,
      agent: agent({ agentId: one.agentId }),
    })),
    pending: [],
  };
}
