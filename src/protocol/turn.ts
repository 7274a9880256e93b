// The turn of an AI program as a list of parts. Agents send them beside the terminal text, and pages render them
// (docs/protocol.md, "turn:update").
import { type Static, Type } from '@sinclair/typebox';
import {
  CAPABILITY_LENGTH,
  MAX_PLAN_ENTRIES,
  MAX_TURN_DIFFS,
  TURN_PART_BYTES,
  TURN_TITLE_LENGTH,
} from './limits.ts';
import { boundedInteger } from './message.ts';

const Text = Type.String({ maxLength: TURN_PART_BYTES });
const Title = Type.String({ maxLength: TURN_TITLE_LENGTH });
const Duration = boundedInteger(0);

/** Text that the program wrote for the user, in Markdown. */
const MessagePart = Type.Object({ type: Type.Literal('message'), text: Text });

/** What the program wrote while it was thinking. Without `durationMs` it is still thinking. */
const ThoughtPart = Type.Object({
  type: Type.Literal('thought'),
  text: Text,
  durationMs: Type.Optional(Duration),
});

/** A change to one file, as hunks of a unified diff. `omittedLines` counts lines of the diff that were left out. */
export const TurnDiff = Type.Object({
  path: Title,
  isNew: Type.Boolean(),
  added: boundedInteger(0),
  removed: boundedInteger(0),
  text: Text,
  omittedLines: Type.Optional(boundedInteger(1)),
});
export type TurnDiff = Static<typeof TurnDiff>;

/** The approval of a tool call. `option` is the name of the selected option. */
const ToolApproval = Type.Object({
  state: Type.Union([
    Type.Literal('waiting'),
    Type.Literal('allowed'),
    Type.Literal('rejected'),
    Type.Literal('withdrawn'),
  ]),
  option: Type.Optional(Title),
});

/** A tool call. It has a duration once it has ended. */
export const ToolPart = Type.Object({
  type: Type.Literal('tool'),
  title: Title,
  kind: Type.String({ maxLength: CAPABILITY_LENGTH }),
  status: Type.Union([
    Type.Literal('pending'),
    Type.Literal('running'),
    Type.Literal('completed'),
    Type.Literal('failed'),
  ]),
  durationMs: Type.Optional(Duration),
  input: Type.Optional(Text),
  output: Type.Optional(Text),
  diffs: Type.Optional(Type.Array(TurnDiff, { maxItems: MAX_TURN_DIFFS })),
  approval: Type.Optional(ToolApproval),
});
export type ToolPart = Static<typeof ToolPart>;

/** What the program plans to do. */
export const PlanPart = Type.Object({
  type: Type.Literal('plan'),
  entries: Type.Array(
    Type.Object({
      text: Title,
      status: Type.Union([
        Type.Literal('pending'),
        Type.Literal('running'),
        Type.Literal('completed'),
      ]),
    }),
    { maxItems: MAX_PLAN_ENTRIES },
  ),
});
export type PlanPart = Static<typeof PlanPart>;

/** A line about the turn, from the program or from the agent. */
const NotePart = Type.Object({
  type: Type.Literal('note'),
  text: Title,
  tone: Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('error')]),
});

export const TurnPart = Type.Union([MessagePart, ThoughtPart, ToolPart, PlanPart, NotePart]);
export type TurnPart = Static<typeof TurnPart>;

/**
 * `open`: the program is working. `complete`: all parts are there. `partial`: parts are missing, so that the turn can only
 * be shown as terminal text.
 */
export type TurnState = 'open' | 'complete' | 'partial';
