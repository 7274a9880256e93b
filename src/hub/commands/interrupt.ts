// Interrupts commands on request: a queued one is cancelled immediately, a running one is stopped by its agent.
import type { CommandExecution } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import { toCommandExecution } from '../state/execution.ts';
import type { HubContext } from '../context.ts';
import { maySee } from '../grants.ts';
import type { Actor } from '../state/dashboard.ts';
import { requirePermission } from '../require-permission.ts';
import { findExecution, queueOf } from '../state/server-state.ts';
import type { Completion } from './completion.ts';
import type { Dispatcher } from './dispatcher.ts';
import { remove } from './queue.ts';

export type Interrupt = ReturnType<typeof createInterrupt>;

export function createInterrupt(
  { state, store, storeHealth, audit }: HubContext,
  completion: Completion,
  dispatcher: Dispatcher,
) {
  /**
   * Interrupts a command. May be repeated. Resolves with the command's state once the request is committed.
   * @throws {HubError} forbidden, command_unknown, command_not_active
   */
  return async (actor: Actor, commandId: string): Promise<CommandExecution> => {
    requirePermission(actor, 'commands:interrupt');
    const execution = findExecution(state, commandId);
    const command = execution ?? (await store.commands.find(commandId));
    if (!command || !maySee(state, actor, command.agentId)) {
      throw new HubError('command_unknown', 'Command not found.');
    }
    if (!execution || execution.completion) {
      throw new HubError('command_not_active', 'The command has already ended.');
    }
    // Repeated requests change nothing, and are not recorded.
    const recorded =
      execution.stopReason === null
        ? audit.recordEventually(actor, { action: 'command.interrupted', target: commandId })
        : undefined;
    if (execution.delivery === 'waiting') {
      remove(queueOf(state, execution.agentId), execution);
      await Promise.all([dispatcher.end(execution, { event: 'interrupted' }), recorded]);
      return toCommandExecution(execution);
    }
    if (execution.delivery === 'sent') dispatcher.stop(execution, 'user');
    else dispatcher.setStopReason(execution, 'user');
    // If the agent is offline, the call above has already ended the command.
    const committed = execution.completion ?? completion.whenPersisted(execution.id);
    await Promise.race([Promise.all([committed, recorded]), storeHealth.whenFailing()]);
    if (storeHealth.writeFailure() !== null) {
      const message =
        'The hub is interrupting the command but could not save the interrupt. If the hub restarts, interrupt the command again.';
      throw new HubError('unavailable', message);
    }
    return toCommandExecution(execution);
  };
}
