// What a program asks before it acts, as people are asked it (protocol.md, "approval:request").
import type { PermissionOption } from '@agentclientprotocol/sdk';
import { formatDiff } from './text/diff.ts';
import { sanitize, firstLine } from './text/sanitize.ts';
import { contentText, toolTitle, type ToolCallState } from './text/tool-call.ts';
import type { ApprovalRequestContent } from '../runner.ts';

const MAX_OPTIONS = 16;
const MAX_ID = 128;

/** The question in words, and which of the program's options each answer means. */
export function createApprovalRequest(tool: ToolCallState, options: readonly PermissionOption[]) {
  const offered = options.slice(0, MAX_OPTIONS).map((option, index) => ({
    option,
    optionId: option.optionId.length <= MAX_ID ? option.optionId : `option-${index}`,
  }));
  const detail = detailOf(tool);
  const question: ApprovalRequestContent = {
    title: toolTitle(tool),
    ...(detail !== '' && { detail }),
    options: offered.map(({ option, optionId }) => ({
      optionId,
      name: firstLine(option.name),
      kind: option.kind.slice(0, 64),
    })),
  };
  return {
    question,
    option: (optionId: string | undefined) =>
      offered.find((one) => one.optionId === optionId)?.option ?? null,
  };
}

/** The diff, the command, the paths, and what the program says about it. */
function detailOf({ content, rawInput, locations }: ToolCallState): string {
  const parts = content.map((one) => {
    if (one.type === 'diff') return formatDiff(one);
    return one.type === 'content' ? contentText(one.content) : '';
  });
  const isEmpty = () => parts.join('') === '';
  if (isEmpty()) parts.push(inputText(rawInput));
  if (isEmpty()) parts.push(...locations.map((location) => location.path));
  return sanitize(parts.filter((part) => part !== '').join('\n\n'));
}

/** The command where there is one, and otherwise all of it. */
function inputText(input: unknown): string {
  if (typeof input !== 'object' || input === null) return '';
  const command = 'command' in input ? input.command : undefined;
  if (typeof command === 'string') return command;
  if (Array.isArray(command)) return command.join(' ');
  return Object.keys(input).length === 0 ? '' : JSON.stringify(input, null, 2);
}
