ALTER TABLE "hubs" ADD COLUMN "schema_version" bigint;--> statement-breakpoint
-- The table of migrations.ts: how many of the migrations a hub must know to use the tables.
ALTER TABLE "schema_version" ADD COLUMN "oldest_version" integer DEFAULT 0 NOT NULL;
