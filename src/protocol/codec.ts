// Encodes and decodes messages. A text frame is JSON; a binary frame is a flag byte and then JSON, plain or compressed
// (docs/protocol.md, "Ground rules").
import type { TObject } from '@sinclair/typebox';
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler';
import { FrameFlag } from './frame-flag.ts';
import { Id, type MessageOf, type Unversioned, VERSION } from './message.ts';
import { parseJson, TooManyValues } from './parse-json.ts';

/** Decompresses raw deflate. Throws if the data is invalid or too large. */
export type Inflate = (bytes: Uint8Array) => Uint8Array;

export interface DecoderOptions {
  /** Decompresses raw deflate. Without it, compressed frames are rejected. */
  inflate?: Inflate;
  /** The maximum number of values in a message of an untrusted peer. */
  maxValues?: number;
}

/** A message, or the reason why the frame was rejected. */
export type Decoded<M> =
  | { ok: true; message: M }
  | {
      ok: false;
      code: 'invalid_message' | 'unsupported_version';
      reason: string;
      /** The message type, if it could be read. */
      type?: string;
      /** The requestId, if it could be read. */
      requestId?: string;
    };

type Envelope = Pick<Extract<Decoded<never>, { ok: false }>, 'type' | 'requestId'>;

const idChecker = TypeCompiler.Compile(Id);
const isId = (value: unknown): value is string => idChecker.Check(value);

/** Encodes a message as the text of a frame. */
export function encode<M extends { type: string; version: string }>(
  message: Unversioned<M>,
): string {
  return JSON.stringify({ ...message, version: VERSION });
}

/**
 * Creates the decoder of one direction of the protocol. Compiles each schema once, when its first message arrives.
 * @param schemas all messages that can be received
 */
export function createDecoder<const S extends readonly TObject[]>(
  schemas: S,
  options: DecoderOptions = {},
) {
  const schemaByType = new Map(
    schemas.map((schema) => [String(schema.properties['type']?.const), schema]),
  );
  const checkers = new Map<string, TypeCheck<TObject>>();

  function findChecker(type: string): TypeCheck<TObject> | undefined {
    const schema = schemaByType.get(type);
    return schema && checkers.getOrInsertComputed(type, () => TypeCompiler.Compile(schema));
  }

  /** Decodes a frame: text, bytes, or a value that the WebSocket library has already parsed. Never throws. */
  return function decode(frame: unknown): Decoded<MessageOf<S>> {
    let value: unknown;
    try {
      value = parse(frame, options);
    } catch (error) {
      if (error instanceof TooManyValues) return reject(`A message has ${error.message}.`);
    }
    if (!isRecord(value)) return reject('A message must be a JSON object.');
    const { type, version, requestId } = value;
    const envelope = { ...(isId(type) && { type }), ...(isId(requestId) && { requestId }) };
    if (typeof type !== 'string') return reject('The message has no type.', envelope);
    if (typeof version !== 'string') return reject('The message has no version.', envelope);
    if (!/^1\.\d+\.\d+$/.test(version)) {
      return {
        ok: false,
        code: 'unsupported_version',
        reason: `Unsupported protocol version. Use version ${VERSION}, or any other 1.x.y.`,
        ...envelope,
      };
    }
    const checker = findChecker(type);
    if (!checker) return reject(`Unknown message type "${type.slice(0, 64)}".`, envelope);
    if (!checker.Check(value)) {
      const error = checker.Errors(value).First();
      return reject(`${type}${error?.path ?? ''}: ${error?.message ?? 'Invalid'}.`, envelope);
    }
    return { ok: true, message: value };
  };
}

function reject(reason: string, envelope: Envelope = {}): Decoded<never> {
  return { ok: false, code: 'invalid_message', reason, ...envelope };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the JSON value of a frame. @throws if it is invalid */
function parse(frame: unknown, options: DecoderOptions): unknown {
  const { inflate, maxValues = Infinity } = options;
  if (typeof frame === 'string') return parseJson(frame, maxValues);
  if (frame instanceof ArrayBuffer) return parse(new Uint8Array(frame), options);
  if (frame instanceof Uint8Array) return parseJson(readText(frame, inflate), maxValues);
  return frame;
}

function readText(frame: Uint8Array, inflate?: Inflate): string {
  const payload = frame.subarray(1);
  const bytes = frame[0] === FrameFlag.deflateRaw && inflate ? inflate(payload) : payload;
  if (frame[0] !== FrameFlag.plain && bytes === payload) throw new Error('unsupported flag');
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
