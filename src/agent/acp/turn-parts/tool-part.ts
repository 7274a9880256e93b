// A tool call as a part of a turn: what it was called with, what it returned and what it changed, shortened to the limits.
import { TURN_PART_BYTES, TURN_TITLE_LENGTH, MAX_TURN_DIFFS } from '../../../protocol/limits.ts';
import { byteLength } from '../../../protocol/text.ts';
import type { ToolPart, TurnDiff } from '../../../protocol/turn.ts';
import { truncate } from '../../truncate.ts';
import { diffLines, type FileChange } from '../text/diff.ts';
import { sanitize, sanitizeOutput } from '../text/sanitize.ts';
import { outputOf, type ToolCallState, toolTitle } from '../text/tool-call.ts';

/** The maximum length of each text of a tool call. Halved until the whole part fits. */
const MAX_LENGTH = 24_000;
const STATUSES = new Map<string, ToolPart['status']>([
  ['in_progress', 'running'],
  ['completed', 'completed'],
  ['failed', 'failed'],
]);

interface ToolFacts {
  /** Since its start. */
  durationMs: number;
  /** The output of the commands that the program runs in ACP terminals. */
  terminalOutput(terminalId: string): string;
  approval?: NonNullable<ToolPart['approval']>;
}

export function toToolPart(tool: ToolCallState, facts: ToolFacts): ToolPart {
  for (let maxLength = MAX_LENGTH; ; maxLength /= 2) {
    const part = createToolPart(tool, facts, Math.floor(maxLength));
    if (byteLength(JSON.stringify(part)) <= TURN_PART_BYTES || maxLength < 1) return part;
  }
}

function createToolPart(
  tool: ToolCallState,
  { durationMs, terminalOutput, approval }: ToolFacts,
  maxLength: number,
): ToolPart {
  const status = STATUSES.get(tool.status) ?? 'pending';
  const changes = tool.content.filter((one) => one.type === 'diff').slice(0, MAX_TURN_DIFFS);
  const terminals = tool.content.filter((one) => one.type === 'terminal');
  const output = sanitizeOutput(
    [outputOf(tool), ...terminals.map(({ terminalId }) => terminalOutput(terminalId))].join(''),
  ).replace(/\s+$/, '');
  // The input of an edit repeats its diff.
  const input = changes.length > 0 ? '' : inputOf(tool.rawInput);
  return {
    type: 'tool',
    title: toolTitle(tool).slice(0, TURN_TITLE_LENGTH),
    kind: tool.kind.slice(0, 64),
    status,
    ...((status === 'completed' || status === 'failed') && { durationMs: Math.round(durationMs) }),
    ...(input !== '' && { input: omitMiddle(input, maxLength) }),
    ...(output !== '' && { output: omitMiddle(output, maxLength) }),
    ...(changes.length > 0 && {
      diffs: changes.map((change) => toDiff(change, Math.floor(maxLength / changes.length))),
    }),
    ...(approval && { approval }),
  };
}

/** The command of a tool that runs one; otherwise the whole input. */
function inputOf(rawInput: unknown): string {
  if (typeof rawInput === 'string') return sanitize(rawInput);
  if (typeof rawInput !== 'object' || rawInput === null) return '';
  if ('command' in rawInput && typeof rawInput.command === 'string')
    return sanitize(rawInput.command);
  return Object.keys(rawInput).length === 0 ? '' : sanitize(JSON.stringify(rawInput, null, 2));
}

function toDiff(change: FileChange, maxLength: number): TurnDiff {
  const lines = diffLines(change);
  const count = (kind: string) => lines.filter((line) => line.kind === kind).length;
  let length = 0;
  const kept = lines.filter(({ text }) => (length += text.length + 1) <= maxLength);
  const omittedLines = lines.length - kept.length;
  return {
    path: truncate(sanitize(change.path), TURN_TITLE_LENGTH),
    isNew: typeof change.oldText !== 'string',
    added: count('added'),
    removed: count('removed'),
    text: kept.map(({ text }) => text).join('\n'),
    ...(omittedLines > 0 && { omittedLines }),
  };
}

/** Keeps the lines at the beginning and at the end. */
function omitMiddle(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const half = Math.floor(maxLength / 2);
  const head = text.slice(0, half).toWellFormed();
  const tail = text.slice(text.length - half).toWellFormed();
  const start = head.slice(0, head.lastIndexOf('\n') + 1) || head;
  const end = tail.slice(tail.indexOf('\n') + 1) || tail;
  const omitted = text.length - start.length - end.length;
  return `${start.replace(/\n?$/, '\n')}… ${omitted.toLocaleString('en')} characters omitted …\n${end}`;
}
