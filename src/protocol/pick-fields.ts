// Projects an object to the fields of a schema, so that no list of fields has to be kept in sync by hand.
import type { Static, TObject } from '@sinclair/typebox';

/** Returns the fields of `value` that `schema` declares. */
export function pickFields<T extends TObject>(schema: T, value: Static<T>): Static<T> {
  const source = value as Record<string, unknown>;
  const fields = Object.keys(schema.properties).filter((field) => field in source);
  return Object.fromEntries(fields.map((field) => [field, source[field]])) as Static<T>;
}
