// Tests the schemas of one direction of the protocol against an example of each message.
import { describe, expect, test } from 'bun:test';
import type { TObject } from '@sinclair/typebox';
import { createDecoder } from '../../src/protocol/codec.ts';
import type { MessageOf } from '../../src/protocol/message.ts';

type Fields<M> = Omit<M, 'type' | 'version'>;

/** An example of a message. The compiler requires every field, so that a new field is tested too. */
export interface Example<M> {
  valid: Required<Fields<M>>;
  /** The fields that may be missing. */
  optional?: (keyof Fields<M>)[];
  /** For each field, values that are rejected. */
  invalid: Record<keyof Fields<M>, unknown[]>;
}

export type Examples<M extends { type: string }> = {
  [T in M['type']]: Example<Extract<M, { type: T }>>;
};

/** Tests that each message is accepted with and without its optional fields, and that each invalid field is named. */
export function describeMessages<const S extends readonly TObject[]>(
  direction: string,
  schemas: S,
  examples: Examples<MessageOf<S> & { type: string }>,
) {
  const decodeFrame = createDecoder<readonly TObject[]>(schemas);
  const decode = (value: object) => decodeFrame(JSON.stringify(value));
  const cases = Object.entries(examples) as [string, Example<Record<string, unknown>>][];

  describe(direction, () => {
    test('every message has an example', () => {
      const types = schemas.map((schema) => String(schema.properties['type']?.const));
      expect(Object.keys(examples).toSorted()).toEqual(types.toSorted());
    });

    test.each(cases)('%s', (type, { valid, optional = [], invalid }) => {
      const message: Record<string, unknown> = { type, version: '1.0.0', ...valid };
      expect(decode(message)).toEqual({ ok: true, message } as never);
      const extended = { ...message, unknownField: { nested: ['value'] } };
      expect(decode(extended)).toMatchObject({ ok: true });
      expect(Object.keys(invalid).toSorted()).toEqual(Object.keys(valid).toSorted());

      for (const field of Object.keys(valid)) {
        const { [field]: _, ...rest } = message;
        expect([field, decode(rest).ok]).toEqual([field, optional.includes(field)]);
        for (const value of invalid[field] ?? []) {
          const rejected = decode({ ...message, [field]: value });
          expect([field, value, rejected.ok]).toEqual([field, value, false]);
          if (!rejected.ok) expect(rejected.reason).toStartWith(`${type}/${field}`);
        }
      }
    });
  });
}
