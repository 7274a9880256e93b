// The state machine of a command (docs/data-model.md, "CommandExecution"; docs/protocol.md, "Commands").
import { type Static, Type } from '@sinclair/typebox';
import { createTransition, type TransitionTable } from './state-machine.ts';

export const CommandStatus = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('completed'),
  Type.Literal('failed'),
  Type.Literal('interrupted'),
]);
export type CommandStatus = Static<typeof CommandStatus>;

export const Priority = Type.Union([
  Type.Literal('high'),
  Type.Literal('normal'),
  Type.Literal('low'),
]);
export type Priority = Static<typeof Priority>;

/** Why the hub stopped a command. */
export const StopReason = Type.Union([
  Type.Literal('user'),
  Type.Literal('timeout'),
  Type.Literal('not_started'),
]);
export type StopReason = Static<typeof StopReason>;

export type CommandEvent = 'started' | 'completed' | 'failed' | 'interrupted';

/** `queued → failed`: for example, the command expired, or its agent was lost before it started the command. */
export const commandTransitions: TransitionTable<CommandStatus, CommandEvent> = {
  queued: { started: 'running', failed: 'failed', interrupted: 'interrupted' },
  running: { completed: 'completed', failed: 'failed', interrupted: 'interrupted' },
  completed: {},
  failed: {},
  interrupted: {},
};

/**
 * Returns the status that follows `status` after `event`.
 * @throws {IllegalTransition} if `status` does not allow `event`
 */
export const nextCommandStatus = createTransition('CommandExecution', commandTransitions);

/** Returns whether a command with this status has ended. */
export function hasEnded(status: CommandStatus): boolean {
  return status !== 'queued' && status !== 'running';
}
