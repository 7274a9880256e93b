// The output of commands whose agents other hubs own. It is read from the store while somebody here reads it: a buffer is
// opened for the first reader, follows what is committed, and is freed after the last one. A live bus delivers output before it
// is committed. If its owner is lost, what was not committed is received again from the agent, perhaps in other pieces, so
// that its readers must begin again with this command.
import type { Bus } from '../../bus/bus.ts';
import { BUFFER_BYTES, BUFFER_CHUNKS } from '../../protocol/limits.ts';
import type { ClusterStore } from '../../store/cluster.ts';
import type { StoredChunk, StoredCommand } from '../../store/store.ts';
import type { Completion } from '../commands/completion.ts';
import type { HubContext } from '../context.ts';
import { readWhenReachable } from '../store-health.ts';
import type { Dashboards } from '../dashboards/dashboards.ts';
import type { Subscriptions } from '../terminals/subscriptions.ts';
import type { TerminalBuffer } from '../state/terminal-buffer.ts';
import type { Terminals } from '../terminals/terminals.ts';
import { createOutputReads } from './output-reads.ts';

/** A buffer that nobody has read for so long is freed. */
const UNREAD_MS = 10_000;

/** New output that is not committed yet. `epoch` is that of the owner. */
export interface LiveOutput {
  epoch: number;
  chunks: StoredChunk[];
}

/** How far the output of a command is committed. */
export interface CommittedOutput {
  commandId: string;
  epoch: number;
  nextSequence: number;
}

/** The topic of the output of a command on a live bus. */
export const outputTopic = (commandId: string): string => `output.${commandId}`;

interface Follower {
  buffer: TerminalBuffer;
  /** The epoch of the owner that has sent what is not committed. */
  epoch: number;
  unsubscribe(): void;
}

export interface FollowedOutputParts {
  cluster: ClusterStore;
  bus: Bus;
  completion: Completion;
  dashboards: Pick<Dashboards, 'resetReaders'>;
  subscriptions: Pick<Subscriptions, 'publishEpoch'>;
  terminals: Terminals;
  /** The epoch of the owner of an agent, as it is known. */
  epochOf: (agentId: string) => number;
}

export type FollowedOutput = ReturnType<typeof createFollowedOutput>;

export function createFollowedOutput(context: HubContext, parts: FollowedOutputParts) {
  const { state, store, ownership, clock, log } = context;
  const { cluster, bus, completion, dashboards, subscriptions, terminals, epochOf } = parts;
  const followers = new Map<string, Follower>();
  const opening = new Map<string, Promise<void>>();
  const reads = createOutputReads({ store, cluster, log }, { find, onDifference: reset });

  /** The buffer of a command that is followed. */
  function find(commandId: string): TerminalBuffer | undefined {
    const buffer = terminals.get(commandId);
    return buffer && !ownership.owns(buffer.agentId) ? buffer : undefined;
  }

  function stop(commandId: string) {
    followers.get(commandId)?.unsubscribe();
    followers.delete(commandId);
  }

  /** Makes the readers of a command begin again. */
  function reset(commandId: string) {
    stop(commandId);
    dashboards.resetReaders(commandId);
    terminals.drop(commandId);
  }

  async function open({ id, agentId }: Pick<StoredCommand, 'id' | 'agentId'>): Promise<void> {
    const epoch = epochOf(agentId);
    const chunks = await store.output.listLatest(id, BUFFER_BYTES, BUFFER_CHUNKS);
    // This hub may own it by now.
    if (ownership.owns(agentId) || terminals.get(id)) return;
    terminals.open({ id, agentId }, chunks);
    follow(id, epoch);
  }

  /** @param epoch of the owner */
  function follow(commandId: string, epoch: number) {
    const buffer = find(commandId);
    if (!buffer) return;
    stop(commandId);
    const unsubscribe = bus.isLive
      ? bus.subscribe(outputTopic(commandId), (message) =>
          receive(commandId, message as LiveOutput),
        )
      : () => undefined;
    followers.set(commandId, { buffer, epoch, unsubscribe });
    subscriptions.publishEpoch(commandId, epoch);
  }

  function receive(commandId: string, { epoch, chunks }: LiveOutput) {
    const follower = followers.get(commandId);
    const buffer = find(commandId);
    if (!follower || !buffer || epoch < follower.epoch) return;
    if (epoch > follower.epoch) return verifyInBackground(commandId, epoch);
    for (const chunk of chunks) buffer.followLive(chunk);
    const last = chunks.at(-1)?.sequence ?? -1;
    if (buffer.nextSequence <= last) reads.start([commandId]);
  }

  function verifyInBackground(commandId: string, epoch: number) {
    verify(commandId, epoch).catch((error: unknown) => {
      log.warn('Could not read the output of a command.', { commandId, error });
    });
  }

  /** Compares what an earlier owner has sent with what it has committed. */
  async function verify(commandId: string, epoch: number) {
    const buffer = find(commandId);
    const follower = followers.get(commandId);
    if (!buffer || (follower && follower.epoch >= epoch)) return;
    if (!buffer.isStored) await reads.read(commandId);
    const isVerified = (followers.get(commandId)?.epoch ?? -1) >= epoch;
    if (find(commandId) !== buffer || isVerified) return;
    if (!buffer.isStored) return reset(commandId);
    follow(commandId, epoch);
  }

  /** Opens the buffer of a command if it is not open, and reads what has been committed. */
  function openAndRead(command: Pick<StoredCommand, 'id' | 'agentId'>): Promise<void> {
    const { id } = command;
    const buffer = find(id);
    buffer?.markRead();
    const read = () => readWhenReachable(clock, () => reads.read(id));
    if (buffer) return read();
    return opening.getOrInsertComputed(id, () =>
      readWhenReachable(clock, () => open(command))
        .then(read)
        .finally(() => opening.delete(id)),
    );
  }

  return {
    read: reads.read,
    /** The epoch of the owner whose output is followed; undefined if none is. */
    epochOf: (commandId: string) => (find(commandId) ? followers.get(commandId)?.epoch : undefined),
    isFollowed: (commandId: string) => find(commandId) !== undefined,
    /** The commands whose output is followed. */
    list: (): string[] => [...followers.keys()],
    refresh(commandId: string): Promise<void> | undefined {
      const execution = state.executions.get(commandId);
      if (!execution || execution.delivery === 'accepting' || ownership.owns(execution.agentId)) {
        return undefined;
      }
      return openAndRead(execution);
    },
    openAndRead,
    /** Frees the buffers that nobody reads. */
    free(isRead: (commandId: string) => boolean): void {
      // The buffers of an agent that this hub is about to own have no followers.
      for (const [commandId, { buffer }] of followers) {
        const isOwn = !find(commandId);
        if (!isOwn && (isRead(commandId) || clock.now() - buffer.lastRead <= UNREAD_MS)) continue;
        stop(commandId);
        if (!isOwn) terminals.drop(commandId);
      }
    },
    /** Handles that output was committed. */
    receiveCommitted(notices: readonly CommittedOutput[]): void {
      const behind = [];
      for (const { commandId, epoch, nextSequence } of notices) {
        const buffer = find(commandId);
        if (!buffer) continue;
        const isCurrent = followers.get(commandId)?.epoch === epoch;
        if (isCurrent && buffer.nextSequence >= nextSequence) buffer.markStoredUpTo(nextSequence);
        else behind.push(commandId);
      }
      reads.start(behind);
    },
    /** Reads on where there may be news. */
    poll: () => reads.start([...followers.keys()]),
    /** Another hub owns an agent now. */
    async changeOwner(agentId: string, epoch: number): Promise<void> {
      for (const [commandId, { buffer }] of followers) {
        if (buffer.agentId === agentId) await verify(commandId, epoch);
      }
    },
    /** Reads what is committed of a command that this hub is about to own. Returns its buffer, if it can be kept. */
    async finishFollowing(commandId: string): Promise<TerminalBuffer | null> {
      find(commandId)?.markRead();
      await reads.read(commandId);
      const buffer = find(commandId);
      if (buffer && !buffer.isStored) reset(commandId);
      stop(commandId);
      return buffer?.isStored ? buffer : null;
    },
    /** Follows a buffer that was this hub's own. */
    follow,
    /** Follows the buffers of an agent that this hub was about to own. */
    followAgain(agentId: string): void {
      for (const { commandId, isStored } of state.terminalBuffers.values()) {
        if (find(commandId)?.agentId !== agentId || followers.has(commandId)) continue;
        if (isStored) follow(commandId, epochOf(agentId));
        else reset(commandId);
      }
    },
    /** Reads the rest of the output of a command that has ended, and publishes its end. */
    async end(commandId: string): Promise<void> {
      // A reader may be waiting for it to be opened, since before the command has ended.
      while (opening.has(commandId)) await opening.get(commandId)?.catch(() => undefined);
      if (!find(commandId)) return;
      await reads.read(commandId);
      stop(commandId);
      if (find(commandId)) completion.publishOutputEnd(commandId);
    },
  };
}
