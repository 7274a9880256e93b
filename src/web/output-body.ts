// The output of a command as the body of a response. It is read while the client takes it, so that its size does not matter.
import type { Output } from '../hub/commands/history.ts';
import type { TerminalMessage } from '../hub/terminals/terminal-messages.ts';

/** The text of one part of the body, in characters: a chunk can be a single one. */
const PART_LENGTH = 65_536;

/**
 * Creates the body.
 * @param toText returns the text for a message; for null, the text after the last one. An error aborts the response.
 */
export function createOutputBody(
  { messages }: Output,
  toText: (message: TerminalMessage | null) => string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let text = '';
        let isAtEnd = false;
        while (!isAtEnd && text.length < PART_LENGTH) {
          const { value = null } = await messages.next();
          text += toText(value);
          isAtEnd = value === null;
        }
        if (text !== '') controller.enqueue(encoder.encode(text));
        if (isAtEnd) controller.close();
      },
      async cancel() {
        await messages.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
