// The turn of a prompt: what the AI program wrote and did. It updates itself: when the turn changes, it fetches the parts
// that have changed since those it shows.
import type { TurnPart as Part } from '../../../src/protocol/turn.ts';
import { REFRESH, triggerOn, turnEvent } from '../../events.ts';
import { turnUrl } from '../../urls.ts';
import { HxPartial } from '../hx-partial.tsx';
import { isPinned, TurnPart } from './part.tsx';

/** A turn as the page shows it. */
export interface ShownTurn {
  /** `revision` is the update with which a part last changed. */
  parts: readonly { index: number; revision: number; content: Part }[];
  /** The update up to which these parts are, exclusive. */
  nextSequence: number;
  /** Whether the program is done. */
  hasEnded: boolean;
}

/** What a page already shows. */
interface ShownPosition {
  /** How many parts it has. */
  parts: number;
  /** The update up to which they are. */
  nextSequence: number;
  /** Whether they are those of a turn that has ended. */
  hasEnded: boolean;
}

const NOTHING: ShownPosition = { parts: 0, nextSequence: 0, hasEnded: false };
const turnId = (commandId: string) => `turn-${commandId}`;

interface TurnProps {
  commandId: string;
  turn: ShownTurn;
}

/**
 * A place for the turn of a command, anywhere on a page and at most once. It stays empty if the command has none. Swaps of
 * the page around it leave it alone.
 * @param turn what to show at once; without it, the turn is fetched
 */
export function Turn({ commandId, turn }: { commandId: string; turn?: ShownTurn | undefined }) {
  const id = turnId(commandId);
  const shown = turn ?? { parts: [], nextSequence: 0, hasEnded: false };
  const events = triggerOn(turnEvent(commandId), REFRESH);
  return (
    <div
      id={id}
      class="turn"
      hx-morph-skip
      {...(!turn?.hasEnded && {
        'hx-get': turnUrl(commandId),
        'hx-include': `#${id}-position`,
        'hx-trigger': turn ? events : `load, ${events}`,
        'hx-swap': 'none',
        'hx-sync': 'this:queue last',
      })}
    >
      <Position commandId={commandId} turn={shown} />
      <TurnList commandId={commandId} turn={shown} position={NOTHING} />
    </div>
  );
}

/**
 * What is new since a position. Correct for every page, whatever it shows: parts that are on the page keep their content
 * unless they have changed.
 */
export function TurnChanges({
  commandId,
  turn,
  position,
}: TurnProps & { position: ShownPosition }) {
  const id = turnId(commandId);
  const isEnding = turn.hasEnded && !position.hasEnded;
  const changed = turn.parts.filter(
    ({ index, revision, content }) =>
      index < position.parts &&
      (revision >= position.nextSequence || (isEnding && content.type !== 'message')),
  );
  return (
    <>
      <HxPartial target={`#${id}-list`}>
        <TurnList commandId={commandId} turn={turn} position={position} />
      </HxPartial>
      {changed.map(({ index, content }) => (
        <HxPartial key={index} target={`#${id}-${index}-content`}>
          <PartContent id={`${id}-${index}`} content={content} hasEnded={turn.hasEnded} />
        </HxPartial>
      ))}
      <HxPartial target={`#${id}-position`}>
        <Position commandId={commandId} turn={turn} />
      </HxPartial>
    </>
  );
}

/** All parts. Those before the position are empty: their content is on the page. */
function TurnList({ commandId, turn, position }: TurnProps & { position: ShownPosition }) {
  const id = turnId(commandId);
  return (
    <div id={`${id}-list`} class="turn-parts">
      {turn.parts.map(({ index, content }) => (
        <div
          key={index}
          id={`${id}-${index}`}
          class={`turn-${content.type}${isPinned(content, turn.hasEnded) ? ' turn-pinned' : ''}`}
          hx-morph-skip-children
        >
          {index >= position.parts && (
            <PartContent id={`${id}-${index}`} content={content} hasEnded={turn.hasEnded} />
          )}
        </div>
      ))}
    </div>
  );
}

function PartContent(props: { id: string; content: Part; hasEnded: boolean }) {
  const { id, content, hasEnded } = props;
  return (
    <div id={`${id}-content`}>
      <TurnPart part={content} id={id} hasEnded={hasEnded} />
    </div>
  );
}

/** The field that requests send along. */
function Position({ commandId, turn: { parts, nextSequence, hasEnded } }: TurnProps) {
  const value = `${parts.length}.${nextSequence}.${hasEnded ? 1 : 0}`;
  return <input type="hidden" id={`${turnId(commandId)}-position`} name="position" value={value} />;
}

/** Reads the field. A page with any other value shows nothing. */
export function parsePosition(value: string | null): ShownPosition {
  const match = /^(\d{1,6})\.(\d{1,15})\.([01])$/.exec(value ?? '');
  if (!match) return NOTHING;
  return {
    parts: Number(match[1]),
    nextSequence: Number(match[2]),
    hasEnded: match[3] === '1',
  };
}
