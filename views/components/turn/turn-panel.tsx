// The turn of the command in a terminal panel. It takes the place of the terminal, which can still be shown.
import type { CommandExecution } from '../../../src/protocol/entities.ts';
import { type ShownTurn, Turn } from './turn.tsx';

interface TurnPanelProps {
  /** Null if there is none. */
  command: CommandExecution | null;
  turn?: ShownTurn | undefined;
}

/** Shell commands have no turn. */
export function TurnPanel({ command, turn }: TurnPanelProps) {
  return (
    <div id="turn-panel" class="turn-panel">
      {command && !command.command.startsWith('!') && (
        <>
          <h2 class="visually-hidden">Answer</h2>
          <Turn key={command.id} commandId={command.id} turn={turn} />
        </>
      )}
    </div>
  );
}

/** Shows the terminal text instead. */
export function TurnSwitch({ isTerminal }: { isTerminal: boolean }) {
  return (
    <label class="turn-switch">
      <input type="checkbox" checked={isTerminal} /> Terminal text
    </label>
  );
}
