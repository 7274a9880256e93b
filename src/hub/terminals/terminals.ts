// The terminal buffers of all commands: opened with a command, kept in the store beside the live broadcast, freed in the end.
import type { OutputChunk, TerminalBuffer } from '../state/terminal-buffer.ts';
import { createTerminalBuffer } from '../state/terminal-buffer.ts';
import type { HubContext } from '../state/server-state.ts';

/** How long to wait before output that could not be kept is tried again. */
const RETRY_MS = 1_000;

/** What waits longer than so many chunks is looked through for what need no longer be kept. */
const LONGEST_BACKLOG = 256;

/** Whom a terminal tells what. */
export interface TerminalEvents {
  /** A chunk was numbered: show it to its readers. */
  numbered(commandId: string, chunk: OutputChunk): void;
  /** Everything before `agentNextSequence` is committed. */
  committed(commandId: string, agentNextSequence: number): void;
  /** Whether somebody is attached, or may come back to it. */
  isFollowed(commandId: string): boolean;
}

export type Terminals = ReturnType<typeof createTerminals>;

/** What of a buffer is still on its way to disk. */
interface Keeping {
  backlog: OutputChunk[];
  agentNextSequence: number;
  /** The agent's sequence up to which all is on disk. */
  committed: number;
  /** Settles once nothing is on its way; null while nothing is. */
  running: Promise<void> | null;
}

export function createTerminals(
  { state, store, clock, log, settings, storage }: HubContext,
  events: TerminalEvents,
) {
  const buffers = state.terminalBuffers;
  const keepings = new Map<string, Keeping>();

  /** Commits the backlog, in order, until there is none; a failed commit is tried again. */
  async function keep(buffer: TerminalBuffer, keeping: Keeping) {
    while (keeping.backlog.length > 0 || keeping.agentNextSequence > keeping.committed) {
      const { agentNextSequence } = keeping;
      const chunks = keeping.backlog;
      keeping.backlog = [];
      const first = buffer.firstSequence();
      try {
        await store.output.append(buffer.commandId, chunks, agentNextSequence, first);
        keeping.committed = agentNextSequence;
        events.committed(buffer.commandId, agentNextSequence);
      } catch (error) {
        storage.failed(error);
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
        keeping.backlog = held(buffer, [...chunks, ...keeping.backlog]);
      }
    }
    keeping.running = null;
  }

  /** Frees ended commands nobody follows, least recently read first, until the rest fits. */
  function makeRoom() {
    let bytes = 0;
    for (const { totalBytes } of buffers.values()) bytes += totalBytes;
    if (bytes <= settings.bufferMemoryBytes) return;
    const free = [...buffers.values()]
      .filter(({ commandId, isComplete }) => isComplete && !events.isFollowed(commandId))
      .toSorted((a, b) => a.lastRead - b.lastRead);
    for (const { commandId, totalBytes } of free) {
      if (bytes <= settings.bufferMemoryBytes) return;
      bytes -= totalBytes;
      release(commandId);
    }
  }

  function release(commandId: string) {
    buffers.delete(commandId);
    keepings.delete(commandId);
    store.output.free(commandId).catch(storage.failed);
  }

  return {
    /** Opens the buffer of a command, with what an earlier run of the hub kept of it. */
    open(commandId: string, restored: readonly OutputChunk[] = [], agentNextSequence = 0) {
      makeRoom();
      const keeping: Keeping = {
        backlog: [],
        agentNextSequence,
        committed: agentNextSequence,
        running: null,
      };
      const buffer: TerminalBuffer = createTerminalBuffer(
        commandId,
        clock,
        {
          numbered: (chunk) => events.numbered(commandId, chunk),
          kept(chunks, next) {
            keeping.backlog.push(...chunks);
            if (keeping.backlog.length > LONGEST_BACKLOG)
              keeping.backlog = held(buffer, keeping.backlog);
            keeping.agentNextSequence = next;
            keeping.running ??= keep(buffer, keeping);
          },
          overflowed() {
            log.warn('The terminal buffer is full: its oldest output is dropped.', { commandId });
          },
        },
        restored,
        agentNextSequence,
      );
      buffers.set(commandId, buffer);
      keepings.set(commandId, keeping);
      return buffer;
    },
    get: (commandId: string) => buffers.get(commandId),
    /** The agent's sequence up to which a command's output is on disk. */
    committed: (commandId: string) => keepings.get(commandId)?.committed ?? 0,
    /** Numbers what is gathering, and waits until all of it is on disk. */
    async settled(commandId: string): Promise<void> {
      buffers.get(commandId)?.flush();
      await keepings.get(commandId)?.running;
    },
    makeRoom,
    /** Frees one buffer, whoever follows it. */
    release,
  };
}

/** Those of the chunks that their buffer still holds: no others need be kept. */
function held(buffer: TerminalBuffer, chunks: readonly OutputChunk[]): OutputChunk[] {
  return chunks.filter(({ sequence }) => sequence >= buffer.firstSequence());
}
