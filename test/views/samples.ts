// Agents, commands and questions as views are given them.
import type { Approval } from '../../src/protocol/approvals.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import type { Frame, Reader } from '../../views/components/layout.tsx';

export const NOW = Date.UTC(2026, 2, 1, 14, 3, 22);

export const frame: Frame = {
  assets: {
    css: '/assets/s.css',
    xtermCss: '/assets/x.css',
    htmx: '/assets/h.js',
    island: '/assets/i.js',
    icon: '/assets/i.svg',
  },
  build: 'b1',
  nonce: 'nonce-of-this-response',
  waiting: 0,
  theme: null,
};

export const viewer: Reader = { userId: 'vera', role: 'viewer' };
export const operator: Reader = { userId: 'otto', role: 'operator' };
export const admin: Reader = { userId: 'ada', role: 'admin' };

export function agent(fields: Partial<AgentSummary> = {}): AgentSummary {
  return {
    agentId: 'build',
    agentType: 'claude',
    status: 'online',
    capabilities: ['prompt', 'shell'],
    connectionTime: NOW - 60_000,
    lastHeartbeat: NOW - 2000,
    currentCommand: null,
    queueLength: 0,
    offlineSince: null,
    lastOutputAt: null,
    process: null,
    suspectedStuck: false,
    waitingForApproval: false,
    notice: null,
    ...fields,
  };
}

export function command(fields: Partial<CommandExecution> = {}): CommandExecution {
  return {
    id: 'c1',
    agentId: 'build',
    command: 'Fix the login test',
    priority: 'normal',
    status: 'completed',
    requestedBy: 'otto',
    requestedAt: NOW - 30_000,
    startedAt: NOW - 29_000,
    completedAt: NOW - 17_000,
    exitCode: 0,
    signal: null,
    session: 'continue',
    timeoutMs: 300_000,
    error: null,
    comparisonId: null,
    conversationId: null,
    usage: null,
    changes: null,
    ...fields,
  };
}

export function approval(fields: Partial<Approval> = {}): Approval {
  return {
    approvalId: 'q1',
    commandId: 'c1',
    agentId: 'build',
    title: 'Edit src/main.ts',
    detail: null,
    options: [
      { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
      { optionId: 'always', name: 'Yes, from now on', kind: 'allow_always' },
      { optionId: 'no', name: 'No', kind: 'reject_once' },
    ],
    requestedAt: NOW - 20_000,
    outcome: null,
    optionId: null,
    resolvedBy: null,
    resolvedAt: null,
    appliedAt: null,
    ...fields,
  };
}
