// The files that commands have changed: stores what agents report, and has agents revert files.
import type { CommandFileChanges, ChangesReverted } from '../../protocol/agent-to-hub.ts';
import type { ChangesResponse } from '../../protocol/api.ts';
import { FileChanges } from '../../protocol/changes.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import { REVERT_TIMEOUT_MS } from '../../protocol/limits.ts';
import { pickFields } from '../../protocol/pick-fields.ts';
import type { HubContext } from '../context.ts';
import { maySee } from '../grants.ts';
import { createAgentRequests } from '../agents/requests.ts';
import type { Link } from '../link.ts';
import { requirePermission } from '../require-permission.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { Actor } from '../state/dashboard.ts';
import { findExecution } from '../state/server-state.ts';

export type FileChangesPart = ReturnType<typeof createFileChanges>;

export function createFileChanges({ state, store, clock, storeHealth, audit }: HubContext) {
  /** The writes in progress, by commandId. */
  const writes = new Map<string, Promise<void>>();
  /** The answers are why the agent has not reverted the file. */
  const reverts = createAgentRequests<string | undefined>(clock, REVERT_TIMEOUT_MS);

  /** @throws {HubError} command_unknown */
  async function requireCommand(actor: Actor, commandId: string) {
    const command = findExecution(state, commandId) ?? (await store.commands.find(commandId));
    if (command && maySee(state, actor, command.agentId)) return command;
    throw new HubError('command_unknown', 'Command not found.');
  }

  /** @throws {HubError} not_found; not_revertible if it cannot be reverted, or has been */
  async function requireRevertible(commandId: string, path: string): Promise<void> {
    const changes = await store.fileChanges.find(commandId);
    const file = changes?.files.find((one) => one.path === path);
    if (!file) throw new HubError('not_found', `The command did not change "${path}".`);
    if (changes?.revertedPaths.includes(path)) {
      throw new HubError('not_revertible', `"${path}" has already been reverted.`);
    }
    if (!file.isRevertible) {
      const message = `The agent does not have the earlier version of "${path}".`;
      throw new HubError('not_revertible', message);
    }
  }

  /** The connection of an agent that can revert now. @throws {HubError} agent_offline, not_revertible */
  function requireLink(agentId: string): Link {
    const agent = state.agents.get(agentId);
    const connection = agent?.connection;
    if (!agent || !connection?.link) {
      throw new HubError(
        'agent_offline',
        `"${agentId}" is offline. Revert the file when it is online.`,
      );
    }
    if (!connection.accept.has('changes:revert')) {
      throw new HubError(
        'not_revertible',
        `"${agentId}" runs a version that cannot revert files. Update it.`,
      );
    }
    if (agent.current) {
      const message = `"${agentId}" is running a command. Revert the file when it has ended.`;
      throw new HubError('not_revertible', message);
    }
    return connection.link;
  }

  return {
    /** Stores what an agent reports about a command that it holds. An agent repeats it after a reconnect. */
    receive({ commandId, ...message }: CommandFileChanges): void {
      if (writes.has(commandId)) return;
      const changes = pickFields(FileChanges, message);
      const write = storeHealth
        .retry(() => store.fileChanges.insert(commandId, changes))
        .finally(() => writes.delete(commandId));
      writes.set(commandId, write);
    },

    /** Forgets the write about a command that another hub owns now. */
    forget: (commandId: string) => void writes.delete(commandId),

    /** Resolves when the changes that were received are committed; undefined if they are, or there are none. */
    whenStored: (commandId: string) => writes.get(commandId),

    /** Lists the files that a command has changed; none if they are not known, or were deleted with its output. */
    async list({
      id,
      changes,
    }: Pick<CommandExecution, 'id' | 'changes'>): Promise<
      Pick<ChangesResponse, 'files' | 'omittedFiles'>
    > {
      const stored = await store.fileChanges.find(id);
      if (!stored) return { files: [], omittedFiles: changes?.files ?? 0 };
      const reverted = new Set(stored.revertedPaths);
      const files = stored.files.map((file) =>
        Object.assign(file, { isReverted: reverted.has(file.path) }),
      );
      return { files, omittedFiles: stored.omittedFiles };
    },

    /** Handles an agent's answer. */
    receiveReverted(link: Link, { requestId, error }: ChangesReverted): void {
      reverts.answer(link, requestId, error);
    },

    /** Ends the reverts of an agent whose connection is closed. */
    onDisconnect({ connection }: AgentConnection): void {
      reverts.end(connection.link, 'The agent went offline. Check the file before you try again.');
    },

    /**
     * Restores a file as it was before a command.
     * @throws {HubError} forbidden, command_unknown, not_found, agent_offline, not_revertible, unavailable
     */
    async revert(actor: Actor, commandId: string, path: string): Promise<void> {
      requirePermission(actor, 'changes:revert');
      const { agentId } = await requireCommand(actor, commandId);
      await requireRevertible(commandId, path);
      const link = requireLink(agentId);
      const event = { target: commandId, detail: { path, agentId } };
      await audit.record(actor, { action: 'file.revert_requested', ...event });
      const error = await reverts.ask(
        link,
        (requestId) => ({ type: 'changes:revert', requestId, commandId, path }),
        `The agent did not answer. Check "${path}" before you try again.`,
      );
      if (error !== undefined) throw new HubError('not_revertible', error);
      const entry = audit.createEntry(actor, { action: 'file.reverted', ...event });
      await storeHealth.retry(() =>
        store.fileChanges.markReverted({ commandId, path, revertedAt: clock.now() }, entry),
      );
    },
  };
}
