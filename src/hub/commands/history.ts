// What ran, what runs and what waits, for pages, scripts and the command line.
import type { CommandPage, CommandQuery } from '../../protocol/api.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { Refusal } from '../../protocol/errors.ts';
import type { Dispatcher } from './dispatcher.ts';
import { toCommandExecution } from '../state/execution.ts';
import type { HubContext } from '../state/server-state.ts';

export function createHistory({ state, store }: HubContext, dispatcher: Dispatcher) {
  async function find(commandId: string): Promise<CommandExecution | undefined> {
    const command = dispatcher.find(commandId) ?? (await store.commands.find(commandId));
    return command && toCommandExecution(command);
  }

  return {
    find,
    /** What an agent has in hand, then what waits for it, in order. */
    live(agentId: string): CommandExecution[] {
      const current = state.agents.get(agentId)?.current;
      const waiting = state.commandQueue.get(agentId) ?? [];
      return [...(current ? [current] : []), ...waiting].map((command) =>
        toCommandExecution(command),
      );
    },
    /** A page of all commands, newest first. */
    async page(query: CommandQuery): Promise<CommandPage> {
      const { items, nextCursor } = await store.commands.page(query);
      return { items: items.map((item) => toCommandExecution(item)), nextCursor };
    },
    /** Whether a command's output is still held. */
    outputState: (commandId: string): 'held' | 'expired' =>
      state.terminalBuffers.has(commandId) ? 'held' : 'expired',
    /**
     * The held output of a command as text, stdout and stderr in order.
     * @throws {Refusal} command_unknown; expired once it is no longer held
     */
    async output(commandId: string): Promise<string> {
      const buffer = state.terminalBuffers.get(commandId);
      if (buffer) return buffer.text();
      if (!(await find(commandId))) {
        throw new Refusal('command_unknown', 'There is no such command.');
      }
      throw new Refusal('expired', 'The output of this command is no longer held.');
    },
  };
}
