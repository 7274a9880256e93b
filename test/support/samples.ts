// Sample entities. Each builder returns a complete, valid entity; pass only the fields that matter to the test.
import type { AuditEntry } from '../../src/protocol/audit.ts';
import type { Approval } from '../../src/protocol/approvals.ts';
import type { FileChange } from '../../src/protocol/changes.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import type { StoredChunk, StoredCommand } from '../../src/store/store.ts';

/** The current time in tests with samples. */
export const NOW = Date.UTC(2026, 2, 1, 14, 3, 22);

/** A file with one changed line. */
export function fileChange(fields: Partial<FileChange> = {}): FileChange {
  return {
    path: 'src/main.ts',
    kind: 'modified',
    added: 1,
    removed: 1,
    isBinary: false,
    patch: '@@ -1,2 +1,2 @@\n same\n-old text\n+new text\n',
    isRevertible: true,
    ...fields,
  };
}

/** An agent that is online and idle. */
export function agent(fields: Partial<AgentSummary> = {}): AgentSummary {
  return {
    agentId: 'build',
    agentType: 'claude',
    labels: [],
    status: 'online',
    capabilities: ['prompt', 'shell'],
    commandDescriptions: {},
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
    paused: null,
    ...fields,
  };
}

/** A command that has completed. */
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
    stopReason: null,
    disconnectedAt: null,
    comparisonId: null,
    conversationId: null,
    usage: null,
    changes: null,
    editedBy: null,
    changesProblem: null,
    ...fields,
  };
}

/** A command that is stored and not yet sent to its agent. */
export function storedCommand(fields: Partial<StoredCommand> = {}): StoredCommand {
  return {
    ...command({ status: 'queued', startedAt: null, completedAt: null, exitCode: null }),
    requestId: null,
    attempt: 0,
    sent: false,
    journalId: null,
    agentNextSequence: 0,
    isOutputOpen: false,
    lastSequence: null,
    totalBytes: null,
    queueRank: null,
    ...fields,
  };
}

/** A chunk of output. */
export function chunk(fields: Partial<StoredChunk> = {}): StoredChunk {
  return {
    sequence: 0,
    type: 'stdout',
    data: 'x',
    timestamp: NOW,
    offset: 0,
    lostBytes: 0,
    ...fields,
  };
}

/** An approval request that is pending. */
export function approval(fields: Partial<Approval> = {}): Approval {
  return {
    approvalId: 'q1',
    commandId: 'c1',
    agentId: 'build',
    title: 'Edit src/main.ts',
    detail: null,
    detailBytes: null,
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

/** An entry of the audit log. */
export function auditEntry(fields: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: 'e1',
    time: NOW,
    actorKind: 'user',
    actor: 'ada',
    credentialId: 's1',
    address: '192.0.2.1',
    action: 'agent.added',
    target: 'build',
    detail: { agentType: 'claude' },
    ...fields,
  };
}
