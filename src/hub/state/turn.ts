// The turn of one command as the hub holds it while the command runs: applies updates, and drops the turn if parts are
// missing or it is too large. Has no side effects.
import type { TurnUpdate } from '../../protocol/agent-to-hub.ts';
import { MAX_TURN_PARTS, TURN_BYTES, TURN_PART_BYTES } from '../../protocol/limits.ts';
import { byteLength } from '../../protocol/text.ts';
import type { TurnPart, TurnState } from '../../protocol/turn.ts';
import type { StoredTurn } from '../../store/store.ts';

export interface Turn {
  readonly state: TurnState;
  /** The next update of the agent. */
  readonly nextSequence: number;
  readonly parts: readonly TurnPart[];
  /** The update with which each part last changed. */
  readonly revisions: readonly number[];
  /**
   * Applies an update; one that was applied before is ignored. Returns the index of the part that has changed; null if none
   * has.
   */
  apply(update: TurnUpdate): number | null;
  /** Ends the turn. @param updateCount how many updates the agent made; undefined if it did not say */
  end(updateCount: number | undefined): void;
}

export function createTurn(restored?: StoredTurn): Turn {
  let state: TurnState = restored?.state ?? 'open';
  let nextSequence = restored?.nextSequence ?? 0;
  let parts: TurnPart[] = (restored?.parts ?? []).map(({ content }) => content);
  let revisions = (restored?.parts ?? []).map(({ revision }) => revision);
  let sizes = parts.map(sizeOf);
  let bytes = sizes.reduce((sum, size) => sum + size, 0);

  function drop(): void {
    state = 'partial';
    parts = [];
    revisions = [];
    sizes = [];
  }

  return {
    get state() {
      return state;
    },
    get nextSequence() {
      return nextSequence;
    },
    get parts() {
      return parts;
    },
    get revisions() {
      return revisions;
    },

    apply(update) {
      const { sequence, part } = update;
      if (sequence < nextSequence) return null;
      const isMissing = sequence > nextSequence;
      nextSequence = sequence + 1;
      if (state !== 'open') return null;
      const changed = isMissing || part > parts.length ? null : changePart(parts[part], update);
      if (!changed) {
        drop();
        return null;
      }
      const size = sizeOf(changed);
      bytes += size - (sizes[part] ?? 0);
      if (size > TURN_PART_BYTES || bytes > TURN_BYTES || part >= MAX_TURN_PARTS) {
        drop();
        return null;
      }
      parts[part] = changed;
      sizes[part] = size;
      revisions[part] = sequence;
      return part;
    },

    end(updateCount) {
      if (state !== 'open') return;
      if (updateCount === nextSequence) state = 'complete';
      else drop();
    },
  };
}

const sizeOf = (part: TurnPart) => byteLength(JSON.stringify(part));

/** Returns the part after an update; null if it cannot be known. */
function changePart(
  before: TurnPart | undefined,
  { content, append }: TurnUpdate,
): TurnPart | null {
  const part = content ?? before;
  if (!part || (content === undefined && append === undefined)) return null;
  if (append === undefined) return part;
  const isText = part.type === 'message' || part.type === 'thought';
  return isText ? { ...part, text: part.text + append } : null;
}
