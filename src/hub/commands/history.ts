// Reads commands and their output, for the pages, the API and the command line.
import type { CommandPage, CommandQuery } from '../../protocol/api.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import type { EndPosition } from '../../store/store.ts';
import type { HubContext } from '../context.ts';
import { toCommandExecution } from '../state/execution.ts';
import {
  completeMessage,
  messageAt,
  overflowMessage,
  type TerminalMessage,
} from '../terminals/terminal-messages.ts';
import { findExecution } from '../state/server-state.ts';

export type { EndPosition };
export type History = ReturnType<typeof createHistory>;

export function createHistory({ state, store }: HubContext) {
  async function find(commandId: string): Promise<CommandExecution | undefined> {
    const command = findExecution(state, commandId) ?? (await store.commands.find(commandId));
    return command && toCommandExecution(command);
  }

  return {
    find,
    /** The command assigned to an agent, then its queue in order. */
    listActive(agentId: string): CommandExecution[] {
      const current = state.agents.get(agentId)?.current;
      const queued = state.commandQueue.get(agentId) ?? [];
      return [...(current ? [current] : []), ...queued].map((command) =>
        toCommandExecution(command),
      );
    },
    /** A page of the commands of these agents, newest first; null for all agents. */
    async listPage(
      query: CommandQuery,
      agentIds: readonly string[] | null = null,
    ): Promise<CommandPage> {
      const { items, nextCursor } = await store.commands.listPage(query, agentIds);
      return { items: items.map((item) => toCommandExecution(item)), nextCursor };
    },
    /** The ended commands of an agent, the latest end first. */
    async listEnded(agentId: string, limit: number, before?: EndPosition) {
      const commands = await store.commands.listEnded(agentId, limit, before);
      return commands.map((command) => toCommandExecution(command));
    },
    /** Whether a command's output is still in memory. */
    outputState: (commandId: string): 'held' | 'expired' =>
      state.terminalBuffers.has(commandId) ? 'held' : 'expired',
    /**
     * The held output of a command, as the messages that a dashboard receives when it attaches: gaps for missing
     * output, chunks in order, and `terminal:complete` if the output is complete.
     * @throws {HubError} command_unknown; expired if the output is no longer held
     */
    async readOutput(commandId: string): Promise<TerminalMessage[]> {
      const buffer = state.terminalBuffers.get(commandId);
      if (!buffer) {
        if (!(await find(commandId))) throw new HubError('command_unknown', 'Command not found.');
        throw new HubError('expired', 'The output of this command is no longer available.');
      }
      buffer.flush();
      const first = buffer.firstSequence();
      const messages = first > 0 ? [overflowMessage(buffer, 0, first)] : [];
      for (let at = messageAt(buffer, first); at; at = messageAt(buffer, at.next)) {
        messages.push(at.message);
      }
      if (buffer.isComplete) messages.push(completeMessage(buffer));
      return messages;
    },
  };
}
