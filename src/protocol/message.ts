// What all messages share: a message is a JSON object with a `type` (`noun:verb`) and a `version`.
import { type Static, type TObject, type TProperties, Type } from '@sinclair/typebox';
import { ID_LENGTH } from './limits.ts';

/** The protocol version of this build. It accepts every 1.x.y. */
export const VERSION = '1.0.0';

/**
 * Creates the schema of a message from its type and its fields.
 * It allows unknown fields, which receivers ignore (docs/protocol.md, "Ground rules").
 */
export function message<T extends string, P extends TProperties>(type: T, fields: P) {
  return Type.Object({ type: Type.Literal(type), version: Type.String(), ...fields });
}

/** A message before the codec adds its version. */
export type Unversioned<M> = M extends unknown ? Omit<M, 'version'> : never;

/** The union of the messages that a list of schemas describes. */
export type MessageOf<S extends readonly TObject[]> = Static<S[number]>;

/** An integer that JavaScript represents exactly: sums of larger ones lose precision. */
export function boundedInteger(minimum: number) {
  return Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER });
}

/** A point in time, in Unix milliseconds. */
export const Timestamp = boundedInteger(0);

/** The position of a chunk in the output of a command, from 0. */
export const Sequence = boundedInteger(0);

/** An identifier. Its length is limited, because the hub echoes, logs and displays identifiers. */
export const Id = Type.String({ minLength: 1, maxLength: ID_LENGTH });

/**
 * The message types that a peer accepts beyond those that every version 1 accepts (docs/protocol.md, "Additions"). Others
 * are not sent to it.
 */
export const AcceptedTypes = Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 });
