// The migrations that hubs of an earlier version work with: they only add to the tables. The rule is in CONTRIBUTING.md, "Add a
// migration".
import { expect, test } from 'bun:test';
import { knownSchema } from '../../src/store/postgres/migrations.ts';

/** What a hub of an earlier version does not expect: its queries name what it needs, and its inserts leave out what is new. */
const BREAKING = [
  /\bDROP\s+TABLE\b/,
  // The word COLUMN can be left out.
  /\bALTER\s+TABLE\b.*\bDROP\s+(?!CONSTRAINT\b|NOT\b)/,
  /\bRENAME\b/,
  /\bSET\s+NOT\s+NULL\b/,
  /\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b/,
  /\bADD\s+COLUMN\b(?!.*\bDEFAULT\b).*\bNOT\s+NULL\b/,
].map(({ source }) => new RegExp(source, 'is'));

/** Returns the statements of a migration that hubs of an earlier version cannot work with. */
const listBreaking = (migration: string): string[] =>
  migration
    .replaceAll(/--.*/g, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => BREAKING.some((pattern) => pattern.test(statement)));

test('migrations after OLDEST_VERSION contain nothing that breaks hubs of an earlier version', () => {
  const { migrations, oldestVersion } = knownSchema;
  expect(migrations.slice(oldestVersion).flatMap(listBreaking)).toEqual([]);
});

test.each([
  'DROP TABLE "prompts"',
  'drop table if exists prompts',
  'ALTER TABLE "commands" DROP COLUMN "rank"',
  'ALTER TABLE commands\n\tDROP rank',
  'ALTER TABLE "commands" ADD COLUMN "a" text, DROP COLUMN "b"',
  'ALTER TABLE "commands" RENAME COLUMN "a" TO "b"',
  'ALTER TABLE "commands" RENAME TO "executions"',
  'ALTER TABLE "commands" ALTER COLUMN "a" SET NOT NULL',
  'ALTER TABLE "commands" ALTER COLUMN "a" DROP DEFAULT',
  'ALTER TABLE "commands" ALTER COLUMN "a" SET DATA TYPE bigint',
  'ALTER TABLE "commands" ALTER "a" TYPE bigint USING a::bigint',
  'ALTER TABLE "commands" ADD COLUMN "a" text NOT NULL',
])('%s is found', (statement) => {
  const migration = `-- A comment.\nSELECT 1;--> statement-breakpoint\n${statement};\nSELECT 2;`;
  expect(listBreaking(migration)).toEqual([statement]);
});

test.each([
  'CREATE TABLE "notes" ("id" text PRIMARY KEY NOT NULL, "type" text NOT NULL)',
  'ALTER TABLE "commands" ADD COLUMN "a" bigint',
  'ALTER TABLE "commands" ADD COLUMN "a" bigint DEFAULT 0 NOT NULL',
  'ALTER TABLE "commands" ALTER COLUMN "a" DROP NOT NULL',
  'ALTER TABLE "commands" SET (fillfactor = 10)',
  'DROP TRIGGER "agents_noted" ON "agents"',
  'CREATE INDEX "by_a" ON "commands" USING btree ("a")',
  '-- Do not RENAME this; or DROP TABLE that.',
])('%s is accepted', (statement) => {
  expect(listBreaking(`${statement};`)).toEqual([]);
});
