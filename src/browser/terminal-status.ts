// The texts around a terminal: what typing does, whose window its size follows, and what happened to keystrokes.
import type { TerminalSize } from '../protocol/hub-to-dashboard.ts';
import { formatSize } from '../protocol/size.ts';
import { type InputProblem, MAX_INPUT_BYTES } from './input-sender.ts';
import { describeKeys } from './key-names.ts';

export interface TypingState {
  size: TerminalSize | null;
  isTyping: boolean;
  /** How often to press Esc to leave. */
  escapes: number;
  /** Input that waits to be sent. */
  backlogBytes: number;
  /** The user of this page. */
  userId: string | null;
}

/** What typing into the terminal does, or whose window its size follows. Empty for output that accepts no input. */
export function describeTyping(state: TypingState): string {
  const { size, isTyping, escapes, backlogBytes } = state;
  if (!size) return '';
  if (backlogBytes > 0) return `Sending ${formatSize(backlogBytes)}…`;
  if (isTyping) return `Typing. Esc ${escapes === 2 ? 'twice' : 'three times'} to leave`;
  return describeOwner(state);
}

function describeOwner({ size, userId }: TypingState): string {
  if (!size || size.owner === null || size.isOwner) return '';
  const whose = size.owner === userId ? 'another window of yours' : `${size.owner}’s window`;
  return `Sized for ${whose}, ${size.cols} × ${size.rows}`;
}

/** Says which keystrokes may not have arrived. */
export function describeProblem(problem: InputProblem): string {
  switch (problem.kind) {
    case 'uncertain': {
      const { uncertain, unsent } = problem;
      const parts = [
        ...(uncertain === '' ? [] : [`may not have arrived: ${describeKeys(uncertain)}`]),
        ...(unsent === '' ? [] : [`were not sent: ${describeKeys(unsent)}`]),
      ];
      return `The connection was lost. These keys ${parts.join('. These ')}. They are not sent again.`;
    }
    case 'offline':
      return `Not connected. ${problem.count === 1 ? 'A key was' : `${problem.count} keys were`} not sent.`;
    case 'agent-offline':
      return 'The agent went offline. The last keys may not have arrived. They are not sent again.';
    case 'rejected':
      return `These keys did not arrive: ${describeKeys(problem.data)}. ${problem.reason}`;
    case 'too-long':
      return `Not sent: the text is longer than ${formatSize(MAX_INPUT_BYTES)}. Put it in a file.`;
    default:
      return problem satisfies never;
  }
}
