// Frames to messages and back. A text frame is JSON; a binary frame is one flag byte, then JSON, plain or raw-deflated.
import type { TObject } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { FrameFlag } from './frame-flag.ts';
import { type Unversioned, Id, type MessageOf, VERSION } from './message.ts';

/** Undoes raw deflate; throws on bad data or too much of it. */
export type Inflate = (bytes: Uint8Array) => Uint8Array;

/** A message, or why there is none. */
export type Decoded<M> =
  | { ok: true; message: M }
  | {
      ok: false;
      code: 'invalid_message' | 'unsupported_version';
      reason: string;
      /** What it claimed to be, where that could be read. */
      type?: string;
      /** The sender's own name for its request, where it could be read. */
      requestId?: string;
    };

type About = Pick<Extract<Decoded<never>, { ok: false }>, 'type' | 'requestId'>;

const idChecker = TypeCompiler.Compile(Id);
const isId = (value: unknown): value is string => idChecker.Check(value);

/** Writes a message as the text of a frame. */
export function encode<M extends { type: string; version: string }>(body: Unversioned<M>): string {
  return JSON.stringify({ ...body, version: VERSION });
}

/**
 * Makes the reader of one direction of the protocol. Each schema is compiled once, here.
 * @param schemas every message this side may receive
 * @param inflate undoes raw deflate; without it such frames are refused
 */
export function createDecoder<const S extends readonly TObject[]>(schemas: S, inflate?: Inflate) {
  const checkers = new Map(
    schemas.map((schema) => [
      String(schema.properties['type']?.const),
      TypeCompiler.Compile(schema),
    ]),
  );

  /** Reads a frame: text, bytes, or a value that a WebSocket library has parsed already. Never throws. */
  return function decode(frame: unknown): Decoded<MessageOf<S>> {
    const value = parse(frame, inflate);
    if (!isRecord(value)) return refuse('A message is one JSON object in a frame.');
    const { type, version, requestId } = value;
    const about = { ...(isId(type) && { type }), ...(isId(requestId) && { requestId }) };
    if (typeof type !== 'string') return refuse('The message has no type.', about);
    if (typeof version !== 'string') return refuse('The message has no version.', about);
    if (!/^1\.\d+\.\d+$/.test(version)) {
      return {
        ok: false,
        code: 'unsupported_version',
        reason: `This hub speaks protocol ${VERSION}, and any 1.x.y.`,
        ...about,
      };
    }
    const checker = checkers.get(type);
    if (!checker) {
      return refuse(`There is no message "${type.slice(0, 64)}" here.`, about);
    }
    if (!checker.Check(value)) {
      const flaw = checker.Errors(value).First();
      return refuse(`${type}${flaw?.path ?? ''}: ${flaw?.message ?? 'bad shape'}.`, about);
    }
    return { ok: true, message: value };
  };
}

function refuse(reason: string, about: About = {}): Decoded<never> {
  return { ok: false, code: 'invalid_message', reason, ...about };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON value in a frame; undefined where there is none. */
function parse(frame: unknown, inflate?: Inflate): unknown {
  try {
    if (typeof frame === 'string') return JSON.parse(frame);
    if (frame instanceof ArrayBuffer) return parse(new Uint8Array(frame), inflate);
    if (frame instanceof Uint8Array) return JSON.parse(textOf(frame, inflate));
    return frame;
  } catch {
    return undefined;
  }
}

function textOf(frame: Uint8Array, inflate?: Inflate): string {
  const payload = frame.subarray(1);
  const bytes = frame[0] === FrameFlag.deflateRaw && inflate ? inflate(payload) : payload;
  if (frame[0] !== FrameFlag.plain && bytes === payload) throw new Error('unknown flag');
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
