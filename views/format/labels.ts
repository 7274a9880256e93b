// Labels of agent types, agent statuses and priorities.
import type { AgentStatus, AgentType } from '../../src/protocol/agent-status.ts';
import type { Priority } from '../../src/protocol/command-status.ts';

export const agentTypeLabels: Record<AgentType, string> = {
  claude: 'Claude Code',
  gemini: 'Gemini CLI',
  codex: 'Codex',
};

/** The status shown for an agent: its own, or that it is waiting for a response to an approval request. */
export type DisplayStatus = AgentStatus | 'waiting';

export const agentStatusLabels: Record<DisplayStatus, string> = {
  online: 'Online',
  busy: 'Busy',
  waiting: 'Waiting for approval',
  offline: 'Offline',
};

export const priorityLabels: Record<Priority, string> = {
  high: 'High',
  normal: 'Normal',
  low: 'Low',
};
