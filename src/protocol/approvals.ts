// The pieces that approval messages share on every hop (protocol.md, "approval:request").
import { type Static, Type } from '@sinclair/typebox';
import { Id } from './message.ts';

export const ApprovalOption = Type.Object({
  optionId: Id,
  name: Type.String({ maxLength: 256 }),
  kind: Type.String({ maxLength: 64 }),
});
export type ApprovalOption = Static<typeof ApprovalOption>;

/** What is asked: `detail` is the diff, the command or the paths in question. */
export const approvalQuestion = {
  approvalId: Id,
  commandId: Id,
  title: Type.String({ maxLength: 1024 }),
  detail: Type.Optional(Type.String()),
  options: Type.Array(ApprovalOption, { minItems: 1, maxItems: 16 }),
};

export const approvalAnswer = {
  approvalId: Id,
  outcome: Type.Union([Type.Literal('selected'), Type.Literal('cancelled')]),
  optionId: Type.Optional(Id),
};
