// The pieces that approval messages share on every hop (protocol.md, "approval:request").
import { type Static, Type } from '@sinclair/typebox';
import { Id, Timestamp } from './message.ts';

export const ApprovalOption = Type.Object({
  optionId: Id,
  name: Type.String({ maxLength: 256 }),
  kind: Type.String({ maxLength: 64 }),
});
export type ApprovalOption = Static<typeof ApprovalOption>;

/** What is asked: `detail` is the diff, the command or the paths in question. */
export const approvalRequestFields = {
  approvalId: Id,
  commandId: Id,
  title: Type.String({ maxLength: 1024 }),
  detail: Type.Optional(Type.String()),
  options: Type.Array(ApprovalOption, { minItems: 1, maxItems: 16 }),
};

export const approvalResponseFields = {
  approvalId: Id,
  outcome: Type.Union([Type.Literal('selected'), Type.Literal('cancelled')]),
  optionId: Type.Optional(Id),
};

/** A question and, once there is one, its answer. */
export const Approval = Type.Object({
  ...approvalRequestFields,
  agentId: Type.String(),
  detail: Type.Union([Type.String(), Type.Null()]),
  requestedAt: Timestamp,
  /** Null while it is open. */
  outcome: Type.Union([approvalResponseFields.outcome, Type.Null()]),
  optionId: Type.Union([Id, Type.Null()]),
  /** Who answered; null where nobody did. */
  resolvedBy: Type.Union([Type.String(), Type.Null()]),
  resolvedAt: Type.Union([Timestamp, Type.Null()]),
  /** When the agent said that its program has the answer. */
  appliedAt: Type.Union([Timestamp, Type.Null()]),
});
export type Approval = Static<typeof Approval>;

/** What an option means, by its kind: the names are the program's own and say nothing for sure. */
export function classifyOption({
  kind,
}: Pick<ApprovalOption, 'kind'>): 'allow' | 'reject' | 'other' {
  if (kind === 'allow_once' || kind === 'allow_always') return 'allow';
  return kind === 'reject_once' || kind === 'reject_always' ? 'reject' : 'other';
}

const words: Record<string, string> = {
  allow_once: 'Allowed',
  allow_always: 'Always allowed',
  reject_once: 'Rejected',
  reject_always: 'Always rejected',
};

/** An answer in a few words: `Allowed by otto`. */
export function formatResponse(
  options: readonly ApprovalOption[],
  answer: Pick<Approval, 'outcome' | 'optionId' | 'resolvedBy'>,
): string {
  if (answer.outcome !== 'selected') return 'Withdrawn';
  const option = options.find(({ optionId }) => optionId === answer.optionId);
  const by = answer.resolvedBy === null ? '' : ` by ${answer.resolvedBy}`;
  const word = option && Object.hasOwn(words, option.kind) ? words[option.kind] : undefined;
  if (word !== undefined) return word + by;
  return option ? `Answered “${option.name}”${by}` : `Answered${by}`;
}

/** A page's title with the number of open questions before it: `(2) Agents · Signalbox`. */
export function formatTitle(title: string, open: number): string {
  return open > 0 ? `(${open}) ${title}` : title;
}
