// The report of a command: its conversation, token usage and file changes. Agents send each part as soon as it is known,
// and all of it again when the command ends.
import { type Static, Type } from '@sinclair/typebox';

/** A count. The limit keeps sums within the range of exact integers. */
export const Count = Type.Integer({ minimum: 0, maximum: 1e12 });

/** A cost in the unit of the AI program: a currency such as "USD", or "credits". */
export const Cost = Type.Object({
  amount: Type.Number({ minimum: 0, maximum: 1e9 }),
  currency: Type.String({ maxLength: 16 }),
});
export type Cost = Static<typeof Cost>;

/** The tokens `used` of a context window of `size` tokens, and the cost of this prompt alone, if known. */
export const Usage = Type.Object({
  used: Count,
  size: Count,
  cost: Type.Optional(Cost),
});
export type Usage = Static<typeof Usage>;

/** The changes in the agent's folder, as counted by git: changed files, added and removed lines. */
export const Changes = Type.Object({
  files: Count,
  added: Count,
  removed: Count,
});
export type Changes = Static<typeof Changes>;

/**
 * Why the changes are not known. `no_repository`: the folder is not in a git repository. `ignored`: the repository ignores
 * the folder. `no_git`: git is not installed. `timeout`: the folder is too large. `failed`: git or the disk failed.
 */
export const ChangesProblem = Type.Union([
  Type.Literal('no_repository'),
  Type.Literal('ignored'),
  Type.Literal('no_git'),
  Type.Literal('timeout'),
  Type.Literal('failed'),
]);
export type ChangesProblem = Static<typeof ChangesProblem>;

/** Values that are not known are omitted. */
export const CommandReport = Type.Object({
  /** The AI program's identifier of the conversation. */
  conversationId: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  usage: Type.Optional(Usage),
  changes: Type.Optional(Changes),
  changesProblem: Type.Optional(ChangesProblem),
});
export type CommandReport = Static<typeof CommandReport>;
