// The turns of running prompts: what agents send beside the terminal text. Changes are stored in order, acknowledged, and
// announced to the pages, which fetch them as HTML.
import type { TurnUpdate } from '../protocol/agent-to-hub.ts';
import { TURN_BATCH_MS } from '../protocol/limits.ts';
import type { StoredTurn } from '../store/store.ts';
import type { Broadcast } from './broadcast.ts';
import type { HubContext } from './context.ts';
import { createTurn, type Turn } from './state/turn.ts';

export type Turns = ReturnType<typeof createTurns>;

/** The turn of a command that is running, and what is not stored of it yet. */
interface OpenTurn {
  readonly commandId: string;
  readonly agentId: string;
  readonly turn: Turn;
  changed: Set<number>;
  isChanged: boolean;
  /** The agent's sequence up to which updates are committed. */
  committed: number;
  /** Resolves when all changes are committed; null while there are none. */
  saving: Promise<void> | null;
}

export function createTurns({ store, storeHealth, clock }: HubContext, broadcast: Broadcast) {
  const turns = new Map<string, OpenTurn>();
  /** Turns that were announced less than `TURN_BATCH_MS` ago, and whether they have changed since then. */
  const announced = new Map<string, { isChanged: boolean }>();

  function open(commandId: string, agentId: string, restored?: StoredTurn): OpenTurn {
    const opened: OpenTurn = {
      commandId,
      agentId,
      turn: createTurn(restored),
      changed: new Set(),
      isChanged: false,
      committed: restored?.nextSequence ?? 0,
      saving: null,
    };
    turns.set(commandId, opened);
    return opened;
  }

  /** Tells dashboards that a turn has changed: at once, then at most once per `TURN_BATCH_MS`. */
  function announce({ commandId, agentId }: Pick<OpenTurn, 'commandId' | 'agentId'>): void {
    const last = announced.get(commandId);
    if (last) {
      last.isChanged = true;
      return;
    }
    const now = { isChanged: false };
    announced.set(commandId, now);
    broadcast.toDashboards(agentId, { type: 'turn:updated', commandId, agentId });
    clock.after(TURN_BATCH_MS, () => {
      announced.delete(commandId);
      if (now.isChanged) announce({ commandId, agentId });
    });
  }

  /** Commits the changes in order, and acknowledges what is committed. Failed writes are retried. */
  async function save(opened: OpenTurn): Promise<void> {
    const { commandId, turn } = opened;
    while (opened.isChanged) {
      const { state, nextSequence, parts, revisions } = turn;
      const written = [...opened.changed].flatMap((index) => {
        const content = parts[index];
        return content ? [{ index, revision: revisions[index] ?? 0, content }] : [];
      });
      opened.changed = new Set();
      opened.isChanged = false;
      await storeHealth.retry(() =>
        store.turns.save(commandId, { state, nextSequence, parts: written }),
      );
      opened.committed = nextSequence;
      broadcast.toAgentOf(opened, { type: 'turn:ack', commandId, nextSequence });
    }
    opened.saving = null;
  }

  function scheduleSave(opened: OpenTurn): void {
    opened.isChanged = true;
    opened.saving ??= save(opened);
    announce(opened);
  }

  return {
    /** Restores the turn of a command that is still running. @param isCurrent whether it is still needed when it was read */
    async restore(commandId: string, agentId: string, isCurrent = () => true): Promise<void> {
      const stored = await store.turns.find(commandId);
      if (stored && isCurrent()) open(commandId, agentId, stored);
    },

    /** Applies an update about a running command. */
    receive({ agentId }: { agentId: string }, update: TurnUpdate): void {
      const opened = turns.get(update.commandId) ?? open(update.commandId, agentId);
      const { turn } = opened;
      const before = turn.nextSequence;
      const part = turn.apply(update);
      if (part !== null) opened.changed.add(part);
      if (turn.nextSequence > before) scheduleSave(opened);
    },

    /** Forgets the turn of a command, because another hub receives it. */
    forget: (commandId: string) => void turns.delete(commandId),

    /** Tells dashboards that a turn has changed, after another hub has stored it. */
    announce,

    /** The next update of the agent. */
    nextSequence: (commandId: string) => turns.get(commandId)?.turn.nextSequence ?? 0,

    /** The agent's sequence up to which a turn is committed. */
    committedSequence: (commandId: string) => turns.get(commandId)?.committed ?? 0,

    /** Notes how many updates the agent made, before its command is ended. */
    reportLength(commandId: string, updateCount: number | undefined): void {
      const opened = turns.get(commandId);
      if (!opened) return;
      opened.turn.end(updateCount);
      scheduleSave(opened);
    },

    /** Ends the turn of a command that ends. Resolves when it is committed. */
    async end(commandId: string): Promise<void> {
      const opened = turns.get(commandId);
      if (!opened) return;
      if (opened.turn.state === 'open') {
        opened.turn.end(undefined);
        scheduleSave(opened);
      }
      await opened.saving;
      turns.delete(commandId);
    },

    /** A turn as it is now: of a running command from memory, of others from the store. */
    async find(commandId: string): Promise<StoredTurn | undefined> {
      const opened = turns.get(commandId);
      if (!opened) return store.turns.find(commandId);
      const { state, nextSequence, parts, revisions } = opened.turn;
      return {
        state,
        nextSequence,
        parts: parts.map((content, index) => ({
          index,
          revision: revisions[index] ?? 0,
          content,
        })),
      };
    },
  };
}
