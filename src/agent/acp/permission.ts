// Converts a program's permission request to an approval request (docs/protocol.md, "approval:request").
import type { PermissionOption } from '@agentclientprotocol/sdk';
import type { ApprovalRequestContent } from '../runner.ts';
import { formatDiff } from './text/diff.ts';
import { firstLine, sanitize } from './text/sanitize.ts';
import { contentText, toolTitle, type ToolCallState } from './text/tool-call.ts';

/** Converts a permission request about a tool call. */
export function toApprovalRequest(
  tool: ToolCallState,
  options: readonly PermissionOption[],
): ApprovalRequestContent {
  const detail = detailOf(tool);
  return {
    title: toolTitle(tool),
    ...(detail !== '' && { detail }),
    options: options.map(({ optionId, name, kind }) => ({ optionId, name: firstLine(name), kind })),
  };
}

/** The diff and the program's text; if there is neither, the tool's input, or the paths. */
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

/** The command if the input has one, otherwise the whole input. */
function inputText(input: unknown): string {
  if (typeof input !== 'object' || input === null) return '';
  const command = 'command' in input ? input.command : undefined;
  if (typeof command === 'string') return command;
  if (Array.isArray(command)) return command.join(' ');
  return Object.keys(input).length === 0 ? '' : JSON.stringify(input, null, 2);
}
