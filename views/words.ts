// What people read for the states of data-model.md.
import type { AgentStatus, AgentType } from '../src/protocol/agent-status.ts';
import type { CommandStatus, Priority } from '../src/protocol/command-status.ts';

export const agentTypes: Record<AgentType, string> = {
  claude: 'Claude Code',
  gemini: 'Gemini CLI',
  codex: 'Codex',
};

export const agentStatuses: Record<AgentStatus, string> = {
  online: 'Online',
  busy: 'Busy',
  offline: 'Offline',
};

export const commandStatuses: Record<CommandStatus, string> = {
  queued: 'Queued',
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  interrupted: 'Interrupted',
};

export const priorities: Record<Priority, string> = { high: 'High', normal: 'Normal', low: 'Low' };
