// Approval requests and their responses (docs/protocol.md, "Approvals").
import { type Static, Type } from '@sinclair/typebox';
import {
  APPROVAL_TITLE_LENGTH,
  MAX_APPROVAL_OPTIONS,
  OPTION_KIND_LENGTH,
  OPTION_NAME_LENGTH,
} from './limits.ts';
import { boundedInteger, Id, Timestamp } from './message.ts';

export const ApprovalOption = Type.Object({
  optionId: Id,
  name: Type.String({ maxLength: OPTION_NAME_LENGTH }),
  kind: Type.String({ maxLength: OPTION_KIND_LENGTH }),
});
export type ApprovalOption = Static<typeof ApprovalOption>;

/** The fields of a request. `detail` is the diff, command or paths to approve. */
export const approvalRequestFields = {
  approvalId: Id,
  commandId: Id,
  title: Type.String({ maxLength: APPROVAL_TITLE_LENGTH }),
  detail: Type.Optional(Type.String()),
  options: Type.Array(ApprovalOption, { minItems: 1, maxItems: MAX_APPROVAL_OPTIONS }),
};

/** The size of the whole detail, if `detail` is only its beginning. */
export const DetailBytes = boundedInteger(0);

/** The fields of a response. `optionId` is set if the outcome is `selected`. */
export const approvalResponseFields = {
  approvalId: Id,
  outcome: Type.Union([Type.Literal('selected'), Type.Literal('cancelled')]),
  optionId: Type.Optional(Id),
};

/** A request together with its response. */
export const Approval = Type.Object({
  ...approvalRequestFields,
  agentId: Type.String(),
  detail: Type.Union([Type.String(), Type.Null()]),
  /** Null if `detail` is the whole detail. */
  detailBytes: Type.Union([DetailBytes, Type.Null()]),
  requestedAt: Timestamp,
  /** Null while the request is pending. */
  outcome: Type.Union([approvalResponseFields.outcome, Type.Null()]),
  optionId: Type.Union([Id, Type.Null()]),
  /** The user who responded; null if nobody did. */
  resolvedBy: Type.Union([Type.String(), Type.Null()]),
  resolvedAt: Type.Union([Timestamp, Type.Null()]),
  /** When the agent confirmed that its AI program has received the response. */
  appliedAt: Type.Union([Timestamp, Type.Null()]),
});
export type Approval = Static<typeof Approval>;

/** Classifies an option by its kind. Its name is free text from the AI program, so it cannot be relied on. */
export function classifyOption({
  kind,
}: Pick<ApprovalOption, 'kind'>): 'allow' | 'reject' | 'other' {
  if (kind === 'allow_once' || kind === 'allow_always') return 'allow';
  return kind === 'reject_once' || kind === 'reject_always' ? 'reject' : 'other';
}

/** How a request was resolved: `cancelled` without a response. */
export type ResponseKind = ReturnType<typeof classifyOption> | 'cancelled';

/** Classifies a response by the kind of its option. */
export function classifyResponse(
  options: readonly ApprovalOption[],
  { outcome, optionId }: Pick<Approval, 'outcome' | 'optionId'>,
): ResponseKind {
  if (outcome !== 'selected') return 'cancelled';
  const option = options.find((one) => one.optionId === optionId);
  return option ? classifyOption(option) : 'other';
}

const verbs = new Map([
  ['allow_once', 'Approved'],
  ['allow_always', 'Always approved'],
  ['reject_once', 'Rejected'],
  ['reject_always', 'Always rejected'],
]);

/** Formats a response: `Approved by otto`. */
export function formatResponse(
  options: readonly ApprovalOption[],
  response: Pick<Approval, 'outcome' | 'optionId' | 'resolvedBy'>,
): string {
  if (response.outcome !== 'selected') return 'Withdrawn';
  const option = options.find(({ optionId }) => optionId === response.optionId);
  const verb = option ? (verbs.get(option.kind) ?? `“${option.name}” selected`) : 'Resolved';
  return response.resolvedBy === null ? verb : `${verb} by ${response.resolvedBy}`;
}

/** Formats a page title with the number of pending requests: `(2) Agents · Signalbox`. */
export function formatTitle(title: string, pending: number): string {
  return pending > 0 ? `(${pending}) ${title}` : title;
}
