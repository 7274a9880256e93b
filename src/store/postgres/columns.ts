// The types of the columns. Texts are compared byte by byte, as SQLite does it, whatever the language of the database.
import { sql } from 'drizzle-orm';
import { bigint, customType } from 'drizzle-orm/pg-core';
import { decodeJson, decodeText, encodeJson, encodeText } from './text-encoding.ts';

const BYTEWISE = 'text COLLATE "C"';

/** Any text. */
export const text = customType<{ data: string; driverData: string }>({
  dataType: () => BYTEWISE,
  toDriver: encodeText,
  fromDriver: decodeText,
});

/** A value as JSON. Its keys keep their order. */
export const json = customType<{ data: unknown; driverData: string }>({
  dataType: () => BYTEWISE,
  toDriver: encodeJson,
  fromDriver: decodeJson,
});

/** Binary data. */
export const bytes = customType<{ data: Buffer; driverData: Buffer }>({
  dataType: () => 'bytea',
});

/** A whole number, such as a time in Unix milliseconds. */
export const integer = () => bigint({ mode: 'number' });

/** The time of the database's clock, in Unix milliseconds. */
export const databaseNow = sql`(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;
