// What is known of a prompt's turn beside its output: the conversation it belongs to, what it took of the model, and
// what it changed. Each part is told as soon as it is known; all of it comes again with the command's end.
import { type Static, Type } from '@sinclair/typebox';

/** So many of something, and no more than can be counted. */
const Count = Type.Integer({ minimum: 0, maximum: 1e12 });

/** What a turn cost, in the unit its program counts in: a currency such as "USD", or "credits". */
export const Cost = Type.Object({
  amount: Type.Number({ minimum: 0, maximum: 1e9 }),
  currency: Type.String({ maxLength: 16 }),
});
export type Cost = Static<typeof Cost>;

/** What a turn took of the model: tokens in its context of so many, and the cost of this turn alone, where it is told. */
export const Usage = Type.Object({
  used: Count,
  size: Count,
  cost: Type.Optional(Cost),
});
export type Usage = Static<typeof Usage>;

/** What a turn changed in the files of its agent's folder, counted by git: lines added and removed in so many files. */
export const Changes = Type.Object({
  files: Count,
  added: Count,
  removed: Count,
});
export type Changes = Static<typeof Changes>;

/** What is missing is not known, or cannot be told. */
export const CommandReport = Type.Object({
  /** The program's own name for the conversation. */
  conversationId: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  usage: Type.Optional(Usage),
  changes: Type.Optional(Changes),
});
export type CommandReport = Static<typeof CommandReport>;

/** A report without whatever else came with it. */
export function pickReport({ conversationId, usage, changes }: CommandReport): CommandReport {
  return {
    ...(conversationId !== undefined && { conversationId }),
    ...(usage !== undefined && { usage }),
    ...(changes !== undefined && { changes }),
  };
}
