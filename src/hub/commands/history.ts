// Reads commands and their output, for the pages, the API and the command line.
import type { CommandPage, CommandQuery } from '../../protocol/api.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import type { OutputRemoval } from '../../protocol/output-removal.ts';
import type { EndPosition, StoredCommand } from '../../store/store.ts';
import { ownOutput, type OutputSource } from '../terminals/output-source.ts';
import { type HubContext, keepsTranscripts } from '../context.ts';
import { toCommandExecution } from '../state/execution.ts';
import { findExecution } from '../state/server-state.ts';
import type { TerminalBuffer } from '../state/terminal-buffer.ts';
import type { OutputReader } from '../terminals/output-reader.ts';
import { findInBuffer, findInStore, type Start } from '../terminals/start-position.ts';
import type { Position, StoredEnd } from '../terminals/stored-messages.ts';
import {
  completeMessage,
  messageAt,
  type TerminalMessage,
  timedMessage,
} from '../terminals/terminal-messages.ts';

/** The output of a command. */
export interface Output {
  /** The size of the whole output so far. */
  totalBytes: number;
  /** Counts the bytes that will be missing in the messages, unless output is deleted while it is read. Reads all chunks. */
  countMissing(): Promise<number>;
  messages: AsyncGenerator<TerminalMessage, undefined>;
}

export type { EndPosition };
export type History = ReturnType<typeof createHistory>;

export function createHistory(
  { state, store, settings }: HubContext,
  reader: OutputReader,
  source: OutputSource = ownOutput,
) {
  const isKept = keepsTranscripts(settings);

  async function find(commandId: string): Promise<CommandExecution | undefined> {
    const command = findExecution(state, commandId) ?? (await store.commands.find(commandId));
    return command && toCommandExecution(command);
  }

  /** Returns when and why the output of a command was deleted; null if it can be read. */
  async function findRemoval(commandId: string): Promise<OutputRemoval | null> {
    if (state.terminalBuffers.has(commandId)) return null;
    const transcript = await store.output.findTranscript(commandId);
    if (transcript) {
      const { removedAt: at, removalReason: reason, removalLimit: limit } = transcript;
      return at === null || reason === null ? null : { at, reason, limit };
    }
    const command = await store.commands.find(commandId);
    const hadOutput = (command?.lastSequence ?? -1) >= 0;
    return hadOutput ? { at: null, reason: 'not_kept', limit: null } : null;
  }

  /** Stored output from a position up to an end, which can move on meanwhile. */
  async function* readStored(commandId: string, position: Position, findEnd: () => StoredEnd) {
    while (position.next < findEnd().next) {
      const page = await reader.read(commandId, position, findEnd);
      for (let { value: part } = page.next(); part; { value: part } = page.next()) {
        yield 'message' in part ? part.message : timedMessage(commandId, part.chunk);
      }
    }
  }

  /** The output of a command with a buffer, from a start up to where it is now. */
  async function openBuffer(buffer: TerminalBuffer, start: Start): Promise<Output> {
    const { commandId } = buffer;
    buffer.flush();
    await reader.whenStored(commandId);
    const { nextSequence, writtenBytes, isComplete, totalBytes } = buffer;
    const firstSequence = buffer.firstSequence();
    // Without transcripts, what the buffer has dropped is not read.
    const countMissing = async () => {
      const storedBytes = isKept ? await store.output.countBytes(commandId, firstSequence) : 0;
      return Math.max(0, writtenBytes - totalBytes - storedBytes);
    };
    const end = { next: nextSequence, offset: writtenBytes };
    const position =
      findInBuffer(buffer, start) ?? (await findInStore(store, commandId, start, end));
    return { totalBytes: writtenBytes, countMissing, messages: read() };

    async function* read(): AsyncGenerator<TerminalMessage, undefined> {
      const findEnd = (): StoredEnd => ({
        next: Math.min(buffer.firstSequence(), nextSequence),
        offset: buffer.firstSequence() < nextSequence ? buffer.firstOffset() : writtenBytes,
        reason: 'buffer_overflow',
      });
      while (position.next < nextSequence) {
        // The buffer can drop chunks while the caller takes these.
        yield* readStored(commandId, position, findEnd);
        const found = messageAt(buffer, position.next);
        if (!found) continue;
        position.next = found.next;
        position.offset = buffer.offsetOf(found.next) ?? buffer.writtenBytes;
        yield found.message;
      }
      if (isComplete) yield completeMessage(buffer);
    }
  }

  /** The output of a command without a buffer, from a start. */
  async function openStored(
    { id: commandId, ...command }: StoredCommand,
    start: Start,
  ): Promise<Output> {
    const lastSequence = command.lastSequence ?? -1;
    const totalBytes = command.totalBytes ?? 0;
    const next = lastSequence + 1;
    const countMissing = async () =>
      Math.max(0, totalBytes - (await store.output.countBytes(commandId, next)));
    const position = await findInStore(store, commandId, start, { next, offset: totalBytes });
    return { totalBytes, countMissing, messages: read() };

    async function* read(): AsyncGenerator<TerminalMessage, undefined> {
      const end: StoredEnd = { next, offset: totalBytes, reason: 'expired' };
      yield* readStored(commandId, position, () => end);
      yield { type: 'terminal:complete', commandId, lastSequence, totalBytes };
    }
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
      const { items, ...rest } = await store.commands.listPage(query, agentIds);
      return { ...rest, items: items.map((item) => toCommandExecution(item)) };
    },
    /** The ended commands of an agent, the latest end first. */
    async listEnded(agentId: string, limit: number, before?: EndPosition) {
      const commands = await store.commands.listEnded(agentId, limit, before);
      return commands.map((command) => toCommandExecution(command));
    },
    findRemoval,
    /**
     * Opens the output of a command, as the messages that a dashboard receives when it attaches: gaps for missing output,
     * chunks in order, and `terminal:complete` if the output is complete. They are read while the caller takes them.
     * @param start where to begin, the start of the output by default
     * @throws {HubError} command_unknown; expired if the output was deleted
     */
    async openOutput(commandId: string, start: Start = {}): Promise<Output> {
      const refreshed = source.refresh(commandId);
      if (refreshed) await refreshed;
      const buffer = state.terminalBuffers.get(commandId);
      if (buffer) return openBuffer(buffer, start);
      const command = await store.commands.find(commandId);
      if (!command) throw new HubError('command_unknown', 'Command not found.');
      if (await findRemoval(commandId)) {
        throw new HubError('expired', 'The output of this command is no longer available.');
      }
      return openStored(command, start);
    },
  };
}
