// Reads the output of commands as static text, for the blocks of a session.
import type { TerminalMessage } from '../../hub/terminals/terminal-messages.ts';
import type { View } from '../../hub/view.ts';
import { formatGap } from '../../protocol/gap-format.ts';
import { runsOnTerminal } from '../../protocol/capabilities.ts';
import { byteLength } from '../../protocol/text.ts';
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

/** The outputs that are kept: their number, and their text in characters. */
const KEPT = 200;
const KEPT_LENGTH = 8 * 1_048_576;
/** Of longer output, only the beginning and the end are rendered. */
const MAX_RENDERED_BYTES = 1_048_576;
const BEGINNING_BYTES = 16_384;
const END_BYTES = 65_536;

/**
 * Creates the reader of outputs for blocks. It keeps what it has rendered, because the output of a block does not change.
 * @param keptLength the characters that are kept
 */
export function createShownOutputs(keptLength = KEPT_LENGTH) {
  const kept = new Map<string, { shown: ShownOutput; length: number }>();
  let length = 0;

  function forget(commandId: string): void {
    length -= kept.get(commandId)?.length ?? 0;
    kept.delete(commandId);
  }

  function keep(commandId: string, shown: ShownOutput): void {
    forget(commandId);
    const added = measure(shown);
    kept.set(commandId, { shown, length: added });
    length += added;
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT && length <= keptLength) return;
      forget(oldest);
    }
  }

  return {
    /** Returns the output as a block shows it: in full, or its first and last lines. */
    async read(view: View, commandId: string): Promise<ShownOutput> {
      const before = kept.get(commandId);
      const removal = await view.history.findRemoval(commandId);
      if (removal) {
        forget(commandId);
        return { state: 'removed', removal };
      }
      if (before) return before.shown;
      const { shown, isComplete } = await readShown(view, commandId);
      if (isComplete) keep(commandId, shown);
      return shown;
    },
  };
}

/** The characters of an output. */
function measure(shown: ShownOutput): number {
  if (shown.state === 'removed') return 0;
  const runs = [...shown.first, ...shown.last].flatMap((line) => line.runs);
  return runs.reduce((sum, { text }) => sum + text.length, 0);
}

/**
 * Whether a command may have run on an interactive terminal. It is not stored: the agent may have been started without --pty
 * at that time.
 */
async function mayBeInteractive(view: View, commandId: string): Promise<boolean> {
  const command = await view.history.find(commandId);
  const agent = command && view.registry.find(command.agentId);
  return agent ? runsOnTerminal(command.command, agent.capabilities) : false;
}

/** Returns a page of lines. Empty for output that is too long to be rendered. */
export async function readLines(
  view: View,
  commandId: string,
  from: number,
  until: number,
): Promise<Line[]> {
  const to = Math.min(until, from + LINES_PER_PAGE);
  const { totalBytes, messages } = await view.history.openOutput(commandId);
  if (totalBytes > MAX_RENDERED_BYTES) return [];
  const range = { from, to, last: 0, length: LINE_LENGTH };
  return (await render(messages, range, await mayBeInteractive(view, commandId))).first;
}

/** @throws {HubError} command_unknown; expired if the output was deleted */
async function readShown(
  view: View,
  commandId: string,
): Promise<{ shown: ShownOutput; isComplete: boolean }> {
  const { totalBytes, messages } = await view.history.openOutput(commandId);
  const isInteractive = await mayBeInteractive(view, commandId);
  if (totalBytes > MAX_RENDERED_BYTES) {
    const start = limit(messages, BEGINNING_BYTES);
    const beginning = await render(start, select(FIRST_LINES, 0), isInteractive);
    const end = await view.history.openOutput(commandId, { tailBytes: END_BYTES });
    const { last, isComplete } = await render(end.messages, select(0, LAST_LINES), isInteractive);
    return { shown: { state: 'long', first: beginning.first, last, totalBytes }, isComplete };
  }
  const { first, last, total, isComplete } = await render(
    messages,
    select(FIRST_LINES, WHOLE_LINES - FIRST_LINES),
    isInteractive,
  );
  const shownLast = total > WHOLE_LINES ? last.slice(-LAST_LINES) : last;
  return { shown: { state: 'whole', first, last: shownLast, total, totalBytes }, isComplete };
}

const select = (first: number, last: number): LineRange => ({
  from: 0,
  to: first,
  last,
  length: LINE_LENGTH,
});

/** The messages up to a size. */
async function* limit(messages: AsyncIterable<TerminalMessage>, maxBytes: number) {
  let bytes = 0;
  for await (const message of messages) {
    yield message;
    bytes += message.type === 'terminal:output' ? byteLength(message.data) : 0;
    if (bytes >= maxBytes) return;
  }
}

async function render(
  messages: AsyncIterable<TerminalMessage>,
  range: LineRange,
  isInteractive: boolean,
) {
  const text = createTerminalText(range, isInteractive);
  let isComplete = false;
  for await (const message of messages) {
    if (message.type === 'terminal:output') text.add(message.data, message.stream);
    if (message.type === 'terminal:gap') text.addMarker(formatGap(message));
    if (message.type === 'terminal:complete') isComplete = true;
  }
  return { ...text.finish(), isComplete };
}
