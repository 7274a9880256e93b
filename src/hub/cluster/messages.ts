// What hubs tell each other over the bus. The other hub can have the version before or after this one, so whatever is added is
// optional, and what this version does not understand is ignored: the store has it, too.
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler';
import type { Bus } from '../../bus/bus.ts';
import type { Clock } from '../../protocol/clock.ts';
import { OutputStream } from '../../protocol/entities.ts';
import { createCountedWarning } from '../counted-warning.ts';
import type { Log } from '../log.ts';
import type { CommittedOutput, LiveOutput } from './followed-output.ts';

/** What changed about agents: their IDs, the commands whose turns have changed, and those that have ended. */
const AgentsNotice = Type.Object({
  agentIds: Type.Array(Type.String()),
  turns: Type.Array(Type.Object({ commandId: Type.String(), agentId: Type.String() })),
  /** The commands that have ended. */
  ended: Type.Array(Type.String()),
});
export type AgentsNotice = Static<typeof AgentsNotice>;
export const isAgentsNotice = TypeCompiler.Compile(AgentsNotice);

/** The names of changed tables. Those that this version does not know are not in its memory. */
export const isTablesNotice = TypeCompiler.Compile(Type.Array(Type.String()));

const Committed = Type.Object({
  commandId: Type.String(),
  epoch: Type.Integer(),
  nextSequence: Type.Integer(),
});
export const isCommittedNotice = TypeCompiler.Compile(
  Type.Array(Committed satisfies SchemaOf<CommittedOutput>),
);

const Live = Type.Object({
  epoch: Type.Integer(),
  chunks: Type.Array(
    Type.Object({
      sequence: Type.Integer(),
      type: OutputStream,
      data: Type.String(),
      timestamp: Type.Integer(),
      offset: Type.Integer(),
      lostBytes: Type.Integer(),
    }),
  ),
});
export const isLiveNotice = TypeCompiler.Compile(Live satisfies SchemaOf<LiveOutput>);

/** A request to another hub. */
const Request = Type.Object({
  type: Type.Literal('request'),
  id: Type.String(),
  from: Type.String(),
  method: Type.String(),
  args: Type.Array(Type.Unknown()),
  /** Whether it was sent before. */
  isRepeated: Type.Optional(Type.Boolean()),
});
export type Request = Static<typeof Request>;
export const isRequest = TypeCompiler.Compile(Request);

const Answer = Type.Union([
  Type.Object({ type: Type.Literal('answer'), id: Type.String(), value: Type.Unknown() }),
  Type.Object({
    type: Type.Literal('answer'),
    id: Type.String(),
    /** The code of a `HubError`, or null. */
    error: Type.Object({ code: Type.Union([Type.String(), Type.Null()]), message: Type.String() }),
  }),
]);
export type Answer = Static<typeof Answer>;
export const isAnswer = TypeCompiler.Compile(Answer);

type SchemaOf<T> = TSchema & { static: T };

export type HubMessages = ReturnType<typeof createHubMessages>;

/** Receives what other hubs send. */
export function createHubMessages(bus: Bus, { clock, log }: { clock: Clock; log: Log }) {
  const warn = createCountedWarning(
    clock,
    log,
    'Ignored a message of another hub that this version of Signalbox does not understand.',
  );
  return {
    /** Reports a message that is ignored. */
    ignore: (topic: string) => warn({ topic }),
    /** As `Bus.subscribe`. Messages that `check` rejects are ignored. */
    subscribe<S extends TSchema>(
      topic: string,
      check: TypeCheck<S>,
      handle: (message: Static<S>) => void,
    ): () => void {
      return bus.subscribe(topic, (message) => {
        if (check.Check(message)) handle(message);
        else warn({ topic });
      });
    },
  };
}
