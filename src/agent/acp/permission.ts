// Converts a program's permission request to an approval request (docs/protocol.md, "approval:request").
import type { PermissionOption } from '@agentclientprotocol/sdk';
import type { ApprovalRequestContent } from '../runner.ts';
import { formatDiff } from './text/diff.ts';
import { firstLine, sanitize } from './text/sanitize.ts';
import { contentText, toolTitle, type ToolCallState } from './text/tool-call.ts';

/** The limits of an approval request in the protocol. */
const MAX_OPTIONS = 16;
const MAX_ID_LENGTH = 128;
const MAX_KIND_LENGTH = 64;

/** Returns the approval request, and a function that finds the program's option for a response. */
export function createApprovalRequest(
  tool: ToolCallState,
  permissionOptions: readonly PermissionOption[],
) {
  const options = permissionOptions.slice(0, MAX_OPTIONS).map((option, index) => ({
    option,
    optionId: option.optionId.length <= MAX_ID_LENGTH ? option.optionId : `option-${index}`,
  }));
  const detail = detailOf(tool);
  const request: ApprovalRequestContent = {
    title: toolTitle(tool),
    ...(detail !== '' && { detail }),
    options: options.map(({ option, optionId }) => ({
      optionId,
      name: firstLine(option.name),
      kind: option.kind.slice(0, MAX_KIND_LENGTH),
    })),
  };
  return {
    request,
    findOption: (optionId: string | undefined): PermissionOption | null =>
      options.find((one) => one.optionId === optionId)?.option ?? null,
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
