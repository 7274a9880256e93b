// The state machine of an agent connection (docs/data-model.md, "AgentConnection").
import { type Static, Type } from '@sinclair/typebox';
import { createTransition, type TransitionTable } from './state-machine.ts';

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

/** `connected`: connected and idle. `resumed`: connected while running a command. */
export type AgentEvent = 'connected' | 'resumed' | 'assigned' | 'released' | 'disconnected';

export const agentTransitions: TransitionTable<AgentStatus, AgentEvent> = {
  offline: { connected: 'online', resumed: 'busy' },
  online: { assigned: 'busy', disconnected: 'offline' },
  busy: { released: 'online', disconnected: 'offline' },
};

/**
 * Returns the status that follows `status` after `event`.
 * @throws {IllegalTransition} if `status` does not allow `event`
 */
export const nextAgentStatus = createTransition('AgentConnection', agentTransitions);
