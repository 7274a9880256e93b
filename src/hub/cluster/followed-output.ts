// The output of commands whose agents other hubs own. It is read from the store while somebody here reads it: a buffer is
// opened for the first reader, follows what is committed, and is freed after the last one.
import { hasEnded } from '../../protocol/command-status.ts';
import { BUFFER_BYTES, BUFFER_CHUNKS } from '../../protocol/limits.ts';
import type { StoredCommand } from '../../store/store.ts';
import type { Completion } from '../commands/completion.ts';
import type { HubContext } from '../context.ts';
import type { Terminals } from '../terminals/terminals.ts';

/** A buffer that nobody has read for so long is freed. */
const UNREAD_MS = 10_000;

export type FollowedOutput = ReturnType<typeof createFollowedOutput>;

export function createFollowedOutput(
  { state, store, ownership, clock, log }: HubContext,
  { terminals, completion }: { terminals: Terminals; completion: Completion },
) {
  /** The reads in progress, by commandId. */
  const reads = new Map<string, { promise: Promise<void>; isRepeated: boolean }>();
  const opening = new Map<string, Promise<void>>();
  const warned = new Set<string>();

  async function open({ id, agentId }: Pick<StoredCommand, 'id' | 'agentId'>) {
    const chunks = await store.output.listLatest(id, BUFFER_BYTES, BUFFER_CHUNKS);
    // The command may have ended, or be owned, by now.
    if (ownership.owns(agentId) || !state.executions.has(id) || terminals.get(id)) return;
    terminals.open({ id, agentId }, chunks);
  }

  async function readOn(commandId: string): Promise<void> {
    for (;;) {
      const buffer = terminals.get(commandId);
      if (!buffer) return;
      const from = buffer.nextSequence;
      const page = await store.output.listFrom(commandId, from);
      if (!page || page.nextSequence <= from || terminals.get(commandId) !== buffer) return;
      for (const chunk of page.chunks) buffer.follow(chunk);
      if (buffer.nextSequence === from) return;
    }
  }

  /** Reads what has been committed since the last read. Calls during a read share the next one. */
  function read(commandId: string): Promise<void> {
    const running = reads.get(commandId);
    if (running) {
      running.isRepeated = true;
      return running.promise;
    }
    const entry = { isRepeated: false, promise: Promise.resolve() };
    entry.promise = run().finally(() => reads.delete(commandId));
    reads.set(commandId, entry);
    return entry.promise;

    async function run() {
      do {
        entry.isRepeated = false;
        await readOn(commandId);
      } while (entry.isRepeated);
    }
  }

  /** The same in the background. What could not be read is read with the next notice, or the next poll. */
  function follow(commandId: string): void {
    read(commandId).then(
      () => warned.delete(commandId),
      (error: unknown) => {
        if (warned.has(commandId)) return;
        warned.add(commandId);
        log.warn('Could not read the output of a command.', { commandId, error });
      },
    );
  }

  const isFollowed = (commandId: string): boolean => {
    const buffer = terminals.get(commandId);
    return buffer !== undefined && !ownership.owns(buffer.agentId);
  };

  return {
    read,
    isFollowed,
    refresh(commandId: string): Promise<void> | undefined {
      const execution = state.executions.get(commandId);
      if (!execution || execution.delivery === 'accepting' || ownership.owns(execution.agentId)) {
        return undefined;
      }
      if (terminals.get(commandId)) return read(commandId);
      return opening.getOrInsertComputed(commandId, () =>
        open(execution)
          .then(() => read(commandId))
          .finally(() => opening.delete(commandId)),
      );
    },
    async openStored(command: StoredCommand): Promise<boolean> {
      const { id, status, isOutputOpen } = command;
      if (hasEnded(status) && !isOutputOpen) return false;
      const chunks = await store.output.listLatest(id, BUFFER_BYTES, BUFFER_CHUNKS);
      if (!terminals.get(id)) terminals.open(command, chunks);
      if (isFollowed(id)) await read(id);
      return true;
    },
    /** Frees the buffers that nobody reads. */
    free(isRead: (commandId: string) => boolean): void {
      for (const commandId of state.terminalBuffers.keys()) {
        const lastRead = terminals.get(commandId)?.lastRead ?? 0;
        if (isFollowed(commandId) && !isRead(commandId) && clock.now() - lastRead > UNREAD_MS) {
          terminals.drop(commandId);
        }
      }
    },
    /** Reads on where there is news. */
    follow(commandIds: Iterable<string>): void {
      for (const commandId of commandIds) if (isFollowed(commandId)) follow(commandId);
    },
    /** All commands that are followed. */
    list: (): string[] => [...state.terminalBuffers.keys()].filter(isFollowed),
    /** Reads the rest of the output of a command that has ended, and publishes its end. */
    async end(commandId: string): Promise<void> {
      if (!isFollowed(commandId)) return;
      await read(commandId);
      if (isFollowed(commandId)) completion.publishOutputEnd(commandId);
    },
  };
}
