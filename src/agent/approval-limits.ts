// Fits an approval request to the limits of the protocol, and marks what is truncated or omitted. The hub ignores a
// request that exceeds them, and the program would wait for the response forever.
import {
  APPROVAL_TITLE_LENGTH,
  ID_LENGTH,
  MAX_APPROVAL_OPTIONS,
  OPTION_KIND_LENGTH,
  OPTION_NAME_LENGTH,
} from '../protocol/limits.ts';
import { splitAtBytes } from '../protocol/text.ts';
import type { ApprovalRequestContent } from './runner.ts';
import { truncate } from './truncate.ts';

const MAX_DETAIL_BYTES = 65_536;

/** Returns the request to send, and a function that returns the program's ID of one of its options. */
export function fitApprovalRequest({ title, detail = '', options }: ApprovalRequestContent) {
  const shown = options.slice(0, MAX_APPROVAL_OPTIONS).map((option) => ({
    original: option,
    optionId: isValidId(option.optionId) ? option.optionId : Bun.randomUUIDv7(),
  }));
  const parts = [truncateDetail(detail), omissionMark(options.length - shown.length)];
  const fittedDetail = parts.filter((part) => part !== '').join('\n\n');
  const request: ApprovalRequestContent = {
    title: truncate(title, APPROVAL_TITLE_LENGTH),
    ...(fittedDetail !== '' && { detail: fittedDetail }),
    options: shown.map(({ original, optionId }) => ({
      optionId,
      name: truncate(original.name, OPTION_NAME_LENGTH),
      kind: truncate(original.kind, OPTION_KIND_LENGTH),
    })),
  };
  return {
    request,
    originalId: (optionId: string): string =>
      shown.find((option) => option.optionId === optionId)?.original.optionId ?? optionId,
  };
}

function isValidId({ length }: string): boolean {
  return length > 0 && length <= ID_LENGTH;
}

function truncateDetail(detail: string): string {
  const [head, rest] = splitAtBytes(detail, MAX_DETAIL_BYTES);
  return rest === '' ? head : `${head}…`;
}

function omissionMark(count: number): string {
  if (count === 0) return '';
  return count === 1 ? '… 1 more option is not shown.' : `… ${count} more options are not shown.`;
}
