// The terminal buffers of all commands: opened with the command, persisted in parallel with the live broadcast, and
// freed at the end.
import type { StoredCommand } from '../../store/store.ts';
import type { Broadcast } from '../broadcast.ts';
import { type HubContext, keepsTranscripts } from '../context.ts';
import {
  createTerminalBuffer,
  type OutputChunk,
  type TerminalBuffer,
} from '../state/terminal-buffer.ts';
import { createBufferMemory } from './buffer-memory.ts';
import type { Subscriptions } from './subscriptions.ts';

/** A shorter backlog may contain chunks that the buffer has dropped, and so may the store if it keeps no transcripts. */
const MIN_PRUNED_CHUNKS = 256;
/** What the buffer has dropped is kept in memory until it is stored, up to this much. More is lost if the disk is slow. */
const MAX_BACKLOG_BYTES = 8 * 1_048_576;
/** The quota is checked after as much output. */
const CHECK_BYTES = 1_048_576;
/** With as much output that is not committed, it is committed at once: the agent pauses its program at 768 KB. */
const PROMPT_BYTES = 262_144;
/** The memory of a chunk in addition to its text. */
const CHUNK_BYTES = 140;

export type Terminals = ReturnType<typeof createTerminals>;

/** The output of one command that is not persisted yet. */
interface Persistence {
  backlog: OutputChunk[];
  backlogBytes: number;
  /** Whether the output that is being stored is committed at once. */
  isPrompt: boolean;
  agentNextSequence: number;
  /** The agent's sequence up to which output is committed. */
  committed: number;
  /** If no transcripts are kept: chunks before this sequence are deleted. */
  trimmedTo: number;
  /** Resolves when the backlog is empty; null while there is none. */
  running: Promise<void> | null;
}

export interface TerminalsParts {
  broadcast: Broadcast;
  subscriptions: Subscriptions;
  /** Called after output was stored. */
  enforceQuota: () => void;
  /** Called after output of a command was stored. */
  onStored?: ((buffer: TerminalBuffer) => void) | undefined;
  /** Called with each new chunk. */
  onChunk?: ((buffer: TerminalBuffer, chunk: OutputChunk) => void) | undefined;
}

export function createTerminals(
  context: HubContext,
  { broadcast, subscriptions, enforceQuota, onStored = () => undefined, onChunk }: TerminalsParts,
) {
  const { state, store, clock, log, settings, storeHealth, ownership } = context;
  const isKept = keepsTranscripts(settings);
  const buffers = state.terminalBuffers;
  const persistences = new Map<string, Persistence>();
  let uncheckedBytes = 0;
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
      if (!isKept) removeStored(commandId);
    },
  );

  function removeStored(commandId: string) {
    store.output.remove(commandId, clock.now(), 'not_kept').catch(storeHealth.reportFailure);
  }

  /** Deletes stored chunks that the buffer has dropped, if no transcripts are kept. */
  function trimStored({ commandId, firstSequence }: TerminalBuffer, persistence: Persistence) {
    if (isKept || firstSequence() - persistence.trimmedTo < MIN_PRUNED_CHUNKS) return;
    persistence.trimmedTo = firstSequence();
    store.output.removeBefore(commandId, firstSequence()).catch(storeHealth.reportFailure);
  }

  function countStored(bytes: number) {
    uncheckedBytes += bytes;
    if (!isKept || uncheckedBytes < CHECK_BYTES) return;
    uncheckedBytes = 0;
    enforceQuota();
  }

  /** Drops chunks that are not stored yet, if there are too many: those that the buffer has dropped. */
  function limitBacklog(buffer: TerminalBuffer, persistence: Persistence) {
    const { backlog } = persistence;
    const heldCount = buffer.nextSequence - buffer.firstSequence();
    const isTooLarge = isKept
      ? persistence.backlogBytes > MAX_BACKLOG_BYTES
      : backlog.length > Math.max(MIN_PRUNED_CHUNKS, 2 * heldCount);
    if (!isTooLarge) return;
    persistence.backlog = backlog.filter(({ sequence }) => sequence >= buffer.firstSequence());
    persistence.backlogBytes = backlogBytes(persistence.backlog);
    if (isKept) {
      log.warn('The disk is too slow for the output of a command. A part of it is not stored.', {
        commandId: buffer.commandId,
      });
    }
  }

  /** @param bytes of output that is not committed */
  function commitPromptly(persistence: Persistence, bytes: number) {
    if (persistence.isPrompt || bytes < PROMPT_BYTES) return;
    persistence.isPrompt = true;
    // A failure is reported by the write of the output.
    store.output.flush().catch(() => undefined);
  }

  /** Commits the backlog in order until it is empty, and acknowledges what is committed. Failed writes are retried. */
  async function persist(buffer: TerminalBuffer, persistence: Persistence) {
    const { commandId } = buffer;
    while (
      persistence.backlog.length > 0 ||
      persistence.agentNextSequence > persistence.committed
    ) {
      const { agentNextSequence, backlog } = persistence;
      const bytes = persistence.backlogBytes;
      persistence.backlog = [];
      persistence.backlogBytes = 0;
      persistence.isPrompt = false;
      await storeHealth.retry(() => {
        const write = store.output.append(commandId, backlog, agentNextSequence, clock.now());
        commitPromptly(persistence, bytes);
        return write.catch((error: unknown) => {
          buffer.markStored();
          throw error;
        });
      });
      persistence.committed = agentNextSequence;
      buffer.markStored((backlog.at(-1)?.sequence ?? buffer.storedNextSequence - 1) + 1);
      onStored(buffer);
      trimStored(buffer, persistence);
      countStored(bytes);
      broadcast.toAgentOf(buffer, {
        type: 'output:ack',
        commandId,
        nextSequence: agentNextSequence,
      });
    }
    persistence.running = null;
  }

  /**
   * Frees completed buffers without subscribers: those of removed agents, and then the least recently read until the rest
   * fits into memory. If transcripts are kept, no completed buffer is in memory.
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
    ): TerminalBuffer {
      const commandId = command.id;
      freeMemory();
      const buffer: TerminalBuffer = createTerminalBuffer(
        command,
        clock,
        {
          onChunk(_commandId, chunk) {
            subscriptions.publishChunk(commandId, chunk);
            onChunk?.(buffer, chunk);
          },
          onPersistable(chunks, next) {
            const persistence = persistences.get(commandId);
            if (!persistence) return;
            persistence.backlog.push(...chunks);
            persistence.backlogBytes += backlogBytes(chunks);
            limitBacklog(buffer, persistence);
            persistence.agentNextSequence = next;
            if (persistence.running) commitPromptly(persistence, persistence.backlogBytes);
            else persistence.running = persist(buffer, persistence);
          },
          onOverflow() {
            // With transcripts, nothing is lost.
            if (isKept) return;
            log.warn('Terminal buffer full: dropping its oldest output.', { commandId });
          },
        },
        restored,
        agentNextSequence,
      );
      buffers.set(commandId, buffer);
      memory.add(buffer);
      persistences.set(commandId, createPersistence(agentNextSequence));
      return buffer;
    },
    get: (commandId: string) => buffers.get(commandId),
    /** Receives the output of a command from its agent, after another hub did. Its buffer has all output that was stored. */
    takeOver(commandId: string, agentNextSequence: number) {
      const buffer = buffers.get(commandId);
      if (!buffer) return;
      buffer.continueFrom(agentNextSequence);
      // A write that was rejected when this hub lost the agent never ends.
      persistences.set(commandId, createPersistence(agentNextSequence));
    },
    /** Frees the buffer of a command, because another hub receives its output. What is not stored is not kept. */
    drop(commandId: string) {
      const buffer = buffers.get(commandId);
      if (!buffer) return;
      subscriptions.forgetFrames(commandId);
      buffers.delete(commandId);
      // Who waits for a write reads from the store.
      buffer.markStored();
      persistences.delete(commandId);
      memory.forget(buffer);
      orphaned.delete(buffer);
    },
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
    /** Frees memory after the output of a command is complete: all of it is stored. */
    finish(buffer: TerminalBuffer) {
      if (!isKept) return freeMemory();
      const { commandId } = buffer;
      buffers.delete(commandId);
      persistences.delete(commandId);
      memory.forget(buffer);
      subscriptions.continueFromStore(buffer);
      if (!ownership.owns(buffer.agentId)) return;
      // It can be read before, too.
      void storeHealth
        .retry(() => store.output.complete(commandId, clock.now()))
        .then(enforceQuota);
    },
    /** Frees the buffer of a command that has ended, because its output was deleted. */
    discard(commandId: string) {
      const buffer = buffers.get(commandId);
      if (!buffer?.isComplete) return;
      buffers.delete(commandId);
      persistences.delete(commandId);
      memory.forget(buffer);
      orphaned.delete(buffer);
      subscriptions.continueFromStore(buffer);
    },
    /** Frees the buffers of an agent that was removed, as soon as they are complete and have no subscribers. */
    releaseAgent(agentId: string) {
      for (const buffer of buffers.values()) {
        if (buffer.agentId === agentId) orphaned.add(buffer);
      }
      freeMemory();
    },
  };
}

const createPersistence = (agentNextSequence: number): Persistence => ({
  backlog: [],
  backlogBytes: 0,
  isPrompt: false,
  agentNextSequence,
  committed: agentNextSequence,
  trimmedTo: 0,
  running: null,
});

const backlogBytes = (chunks: readonly OutputChunk[]): number =>
  chunks.reduce((sum, { data }) => sum + data.length + CHUNK_BYTES, 0);
