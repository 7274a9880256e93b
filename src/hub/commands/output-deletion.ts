// Deletes the output of a command on request of a user, for example because it contains a secret.
import { hasEnded } from '../../protocol/command-status.ts';
import { HubError } from '../../protocol/errors.ts';
import type { HubContext } from '../context.ts';
import { maySee } from '../grants.ts';
import { requirePermission } from '../require-permission.ts';
import type { Actor } from '../state/dashboard.ts';
import type { Terminals } from '../terminals/terminals.ts';

/** @param freeRemoved frees the space of deleted output in the background */
export function createOutputDeletion(
  { state, store, clock, storeHealth, audit }: HubContext,
  terminals: Terminals,
  freeRemoved: () => void,
) {
  /**
   * Deletes the output of a command that has ended, and records who did it. Resolves once this is committed; the space is
   * freed afterwards. May be repeated.
   * @throws {HubError} forbidden, command_unknown, command_active, unavailable
   */
  return async (actor: Actor, commandId: string): Promise<void> => {
    requirePermission(actor, 'output:delete');
    const command = await store.commands.find(commandId);
    if (!command || !maySee(state, actor, command.agentId)) {
      throw new HubError('command_unknown', 'Command not found.');
    }
    const buffer = terminals.get(commandId);
    const isActive = !hasEnded(command.status) || command.isOutputOpen;
    if (isActive || (buffer && !buffer.isComplete)) {
      throw new HubError('command_active', 'The command is still active. Wait until it has ended.');
    }
    const transcript = await store.output.findTranscript(commandId);
    if (transcript && transcript.removedAt !== null) return;
    const entry = audit.createEntry(actor, { action: 'output.deleted', target: commandId });
    await storeHealth.save(store.output.remove(commandId, clock.now(), 'user', entry));
    terminals.discard(commandId);
    freeRemoved();
  };
}
