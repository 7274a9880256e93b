// The life of an AgentConnection (data-model.md, "AgentConnection").
import { type Static, Type } from '@sinclair/typebox';
import { type TransitionTable, createTransition } from './state-machine.ts';

export const AgentType = Type.Union([
  Type.Literal('claude'),
  Type.Literal('gemini'),
  Type.Literal('codex'),
]);
export type AgentType = Static<typeof AgentType>;

/** `online`: connected and idle. `busy`: executing a command. `offline`: disconnected. */
export const AgentStatus = Type.Union([
  Type.Literal('online'),
  Type.Literal('busy'),
  Type.Literal('offline'),
]);
export type AgentStatus = Static<typeof AgentStatus>;

/** `connected` idle or `resumed` with work; `assigned` a command, `released` from it; `disconnected`. */
export type AgentEvent = 'connected' | 'resumed' | 'assigned' | 'released' | 'disconnected';

export const agentTransitions: TransitionTable<AgentStatus, AgentEvent> = {
  offline: { connected: 'online', resumed: 'busy' },
  online: { assigned: 'busy', disconnected: 'offline' },
  busy: { released: 'online', disconnected: 'offline' },
};

/** Where an agent goes from `status` on `event`; throws IllegalTransition where there is no such arrow. */
export const nextAgentStatus = createTransition('AgentConnection', agentTransitions);
