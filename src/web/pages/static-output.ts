// Reads the output of commands as static text, for the blocks of a session.
import type { View } from '../../hub/view.ts';
import { formatGap } from '../../protocol/gap-format.ts';
import {
  FIRST_LINES,
  LAST_LINES,
  LINE_LENGTH,
  LINES_PER_PAGE,
  type ShownOutput,
  WHOLE_LINES,
} from '../../../views/components/block-output.tsx';
import {
  createTerminalText,
  type Line,
  type LineRange,
} from '../../../views/format/terminal-text.ts';

/** The number of outputs that are kept. Each has at most `WHOLE_LINES` lines of limited length. */
const KEPT = 200;

/** Creates the reader of outputs for blocks. It keeps what it has rendered, because the output of a block does not change. */
export function createShownOutputs() {
  const kept = new Map<string, ShownOutput>();

  return {
    /** Returns the output as a block shows it: in full, or its first and last lines. */
    async read(view: View, commandId: string): Promise<ShownOutput> {
      const before = kept.get(commandId);
      const removal = await view.history.findRemoval(commandId);
      if (removal) {
        kept.delete(commandId);
        return { state: 'removed', removal };
      }
      if (before) return before;
      const rendered = await render(view, commandId, {
        from: 0,
        to: FIRST_LINES,
        last: WHOLE_LINES - FIRST_LINES,
        length: LINE_LENGTH,
      });
      const { first, last, total } = rendered;
      const shown: ShownOutput = {
        state: 'held',
        first,
        last: total > WHOLE_LINES ? last.slice(-LAST_LINES) : last,
        total,
      };
      if (rendered.isComplete) kept.set(commandId, shown);
      for (const oldest of kept.keys()) if (kept.size > KEPT) kept.delete(oldest);
      return shown;
    },
  };
}

/** Returns a page of lines. */
export async function readLines(
  view: View,
  commandId: string,
  from: number,
  until: number,
): Promise<Line[]> {
  const to = Math.min(until, from + LINES_PER_PAGE);
  return (await render(view, commandId, { from, to, last: 0, length: LINE_LENGTH })).first;
}

/** @throws {HubError} command_unknown; expired if the output was deleted */
async function render(view: View, commandId: string, range: LineRange) {
  const text = createTerminalText(range);
  const { messages } = await view.history.openOutput(commandId);
  let isComplete = false;
  for await (const message of messages) {
    if (message.type === 'terminal:output') text.add(message.data, message.stream);
    if (message.type === 'terminal:gap') text.addMarker(formatGap(message));
    if (message.type === 'terminal:complete') isComplete = true;
  }
  return { ...text.finish(), isComplete };
}
