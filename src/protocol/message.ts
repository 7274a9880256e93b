// What every message has in common: one JSON object with a `type` (`noun:verb`) and a `version`.
import { type Static, type TObject, type TProperties, Type } from '@sinclair/typebox';

/** The protocol version this build speaks. Any `1.x.y` is understood. */
export const VERSION = '1.0.0';

/**
 * Describes one message: its type, the version, and its own fields.
 * Unknown fields are allowed: receivers ignore them (protocol.md, "Ground rules").
 */
export function message<T extends string, P extends TProperties>(type: T, fields: P) {
  return Type.Object({ type: Type.Literal(type), version: Type.String(), ...fields });
}

/** A message as the code writes it: the codec adds the version. */
export type Unversioned<M> = M extends unknown ? Omit<M, 'version'> : never;

/** The type that a list of message schemas describes together. */
export type MessageOf<S extends readonly TObject[]> = Static<S[number]>;

/** A moment on the wire: Unix milliseconds. */
export const Timestamp = Type.Integer({ minimum: 0 });

/** A position in a command's output, from 0. */
export const Sequence = Type.Integer({ minimum: 0 });

/** An identifier made by somebody else: not empty, and no longer than anything we would print. */
export const Id = Type.String({ minLength: 1, maxLength: 128 });
