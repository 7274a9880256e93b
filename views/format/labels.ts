// What people read for the states of data-model.md.
import type { AgentStatus, AgentType } from '../../src/protocol/agent-status.ts';
import type { CommandStatus, Priority } from '../../src/protocol/command-status.ts';

export const agentTypes: Record<AgentType, string> = {
  claude: 'Claude Code',
  gemini: 'Gemini CLI',
  codex: 'Codex',
};

/** What an agent's signal shows: its status, or that it cannot go on until somebody answers. */
export type AgentLamp = AgentStatus | 'waiting';

export const agentLamps: Record<AgentLamp, string> = {
  online: 'Online',
  busy: 'Busy',
  waiting: 'Waiting for approval',
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
