// The turn of a command, for the pages that show it.
import type { View } from '../../hub/view.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import {
  parsePosition,
  type ShownTurn,
  TurnChanges,
} from '../../../views/components/turn/turn.tsx';
import { renderFragment } from './response.ts';

/** Returns the turn of a command, without parts if it has none that can be shown. */
export async function findShownTurn(view: View, command: CommandExecution): Promise<ShownTurn> {
  const turn = await view.history.findTurn(command.id);
  if (!turn) return { parts: [], nextSequence: 0, hasEnded: hasEnded(command.status) };
  return { ...turn, hasEnded: turn.state !== 'open' };
}

/** Renders what has changed in a turn since the position that the page sends. */
export async function renderTurnChanges(
  view: View,
  command: CommandExecution,
  request: Request,
): Promise<Response> {
  const position = parsePosition(new URL(request.url).searchParams.get('position'));
  const turn = await findShownTurn(view, command);
  return renderFragment(<TurnChanges commandId={command.id} turn={turn} position={position} />);
}
