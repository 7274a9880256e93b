// The terminal buffers of all commands: opened with the command, persisted in parallel with the live broadcast, and
// freed at the end.
import type { StoredCommand } from '../../store/store.ts';
import type { Broadcast } from '../broadcast.ts';
import type { HubContext } from '../context.ts';
import {
  createTerminalBuffer,
  type OutputChunk,
  type TerminalBuffer,
} from '../state/terminal-buffer.ts';
import { createBufferMemory } from './buffer-memory.ts';
import type { Subscriptions } from './subscriptions.ts';

/** A shorter backlog may contain chunks that the buffer has dropped. */
const MIN_PRUNED_CHUNKS = 256;

export type Terminals = ReturnType<typeof createTerminals>;

/** The output of one command that is not persisted yet. */
interface Persistence {
  backlog: OutputChunk[];
  agentNextSequence: number;
  /** The agent's sequence up to which output is committed. */
  committed: number;
  /** Resolves when the backlog is empty; null while there is none. */
  running: Promise<void> | null;
}

export function createTerminals(
  context: HubContext,
  broadcast: Broadcast,
  subscriptions: Subscriptions,
) {
  const { state, store, clock, log, storeHealth } = context;
  const buffers = state.terminalBuffers;
  const persistences = new Map<string, Persistence>();
  /** Buffers whose agent was removed. They are freed as soon as possible. */
  const orphaned = new Set<TerminalBuffer>();
  const memory = createBufferMemory(
    context,
    ({ commandId }) => subscriptions.exist(commandId),
    (buffer) => {
      const { commandId } = buffer;
      buffers.delete(commandId);
      persistences.delete(commandId);
      orphaned.delete(buffer);
      store.output.remove(commandId).catch(storeHealth.reportFailure);
    },
  );

  /** Commits the backlog in order until it is empty, and acknowledges what is committed. Failed writes are retried. */
  async function persist(buffer: TerminalBuffer, persistence: Persistence) {
    const { commandId } = buffer;
    while (
      persistence.backlog.length > 0 ||
      persistence.agentNextSequence > persistence.committed
    ) {
      const { agentNextSequence, backlog } = persistence;
      persistence.backlog = [];
      await storeHealth.retry(() => {
        const chunks = stillHeld(buffer, backlog);
        return store.output.append(commandId, chunks, agentNextSequence, buffer.firstSequence());
      });
      persistence.committed = agentNextSequence;
      broadcast.toAgentOf(buffer, {
        type: 'output:ack',
        commandId,
        nextSequence: agentNextSequence,
      });
    }
    persistence.running = null;
  }

  /**
   * Frees completed buffers without subscribers: those of removed agents, then the least recently read until the rest
   * fits into memory.
   */
  function freeMemory() {
    for (const buffer of orphaned) memory.release(buffer);
    memory.limit();
  }

  return {
    /** Opens the buffer of a command, with the output that an earlier run of the hub persisted. */
    open(
      command: Pick<StoredCommand, 'id' | 'agentId'>,
      restored: readonly OutputChunk[] = [],
      agentNextSequence = 0,
    ) {
      const commandId = command.id;
      freeMemory();
      const persistence: Persistence = {
        backlog: [],
        agentNextSequence,
        committed: agentNextSequence,
        running: null,
      };
      const buffer: TerminalBuffer = createTerminalBuffer(
        command,
        clock,
        {
          onChunk: subscriptions.publishChunk,
          onPersistable(chunks, next) {
            persistence.backlog.push(...chunks);
            const heldCount = buffer.nextSequence - buffer.firstSequence();
            if (persistence.backlog.length > Math.max(MIN_PRUNED_CHUNKS, 2 * heldCount)) {
              persistence.backlog = stillHeld(buffer, persistence.backlog);
            }
            persistence.agentNextSequence = next;
            persistence.running ??= persist(buffer, persistence);
          },
          onOverflow() {
            log.warn('Terminal buffer full: dropping its oldest output.', { commandId });
          },
        },
        restored,
        agentNextSequence,
      );
      buffers.set(commandId, buffer);
      memory.add(buffer);
      persistences.set(commandId, persistence);
    },
    get: (commandId: string) => buffers.get(commandId),
    /** Whether a command belongs to another agent. */
    isOfOtherAgent(commandId: string, agentId: string): boolean {
      const buffer = buffers.get(commandId);
      return buffer !== undefined && buffer.agentId !== agentId;
    },
    /** The agent's sequence up to which a command's output is committed. */
    committedSequence: (commandId: string) => persistences.get(commandId)?.committed ?? 0,
    /** Numbers pending text and waits until all output of a command is committed. */
    async flush(commandId: string): Promise<void> {
      buffers.get(commandId)?.flush();
      await persistences.get(commandId)?.running;
    },
    freeMemory,
    /** Frees the buffers of an agent that was removed, as soon as they are complete and have no subscribers. */
    releaseAgent(agentId: string) {
      for (const buffer of buffers.values()) {
        if (buffer.agentId === agentId) orphaned.add(buffer);
      }
      freeMemory();
    },
  };
}

/** The chunks that the buffer still holds. Others need not be persisted. */
function stillHeld(buffer: TerminalBuffer, chunks: readonly OutputChunk[]): OutputChunk[] {
  return chunks.filter(({ sequence }) => sequence >= buffer.firstSequence());
}
