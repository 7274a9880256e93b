// The life of a CommandExecution (data-model.md, "CommandExecution"; protocol.md, "Commands").
import { type Static, Type } from '@sinclair/typebox';
import { type TransitionTable, createTransition } from './state-machine.ts';

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

export type CommandEvent = 'started' | 'completed' | 'failed' | 'interrupted';

/** `queued → failed` is for a command that was sent, and whose agent was lost before it started. */
export const commandTransitions: TransitionTable<CommandStatus, CommandEvent> = {
  queued: { started: 'running', failed: 'failed', interrupted: 'interrupted' },
  running: { completed: 'completed', failed: 'failed', interrupted: 'interrupted' },
  completed: {},
  failed: {},
  interrupted: {},
};

/** Where a command goes from `status` on `event`; throws IllegalTransition where there is no such arrow. */
export const nextCommandStatus = createTransition('CommandExecution', commandTransitions);

/** Whether a command in this status is over. */
export function hasEnded(status: CommandStatus): boolean {
  return status !== 'queued' && status !== 'running';
}
