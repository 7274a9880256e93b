// Interrupts commands on request: a queued one is cancelled at once, a running one is stopped by its agent.
import { hasRole } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import type { HubContext } from '../context.ts';
import type { Actor } from '../state/dashboard.ts';
import { findExecution, queueOf } from '../state/server-state.ts';
import type { Dispatcher } from './dispatcher.ts';
import { remove } from './queue.ts';

export type Interrupt = ReturnType<typeof createInterrupt>;

export function createInterrupt({ state, store }: HubContext, dispatcher: Dispatcher) {
  /**
   * Interrupts a command. May be repeated.
   * @throws {HubError} forbidden, command_unknown, command_not_active
   */
  return async (actor: Actor, commandId: string): Promise<void> => {
    if (!hasRole(actor.role, 'operator')) {
      throw new HubError('forbidden', 'Viewers cannot interrupt commands.');
    }
    const execution = findExecution(state, commandId);
    if (!execution || execution.completion) {
      const command = execution ?? (await store.commands.find(commandId));
      if (!command) throw new HubError('command_unknown', 'Command not found.');
      throw new HubError('command_not_active', 'The command has already ended.');
    }
    if (execution.delivery === 'sent') return dispatcher.stop(execution, 'user');
    if (execution.delivery === 'sending') {
      execution.stopReason = 'user';
      return;
    }
    remove(queueOf(state, execution.agentId), execution);
    await dispatcher.end(execution, { event: 'interrupted' });
  };
}
