CREATE TABLE "expiring_values" (
	"kind" text COLLATE "C" NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"owner" text COLLATE "C" NOT NULL,
	"value" text COLLATE "C" NOT NULL,
	"expires_at" bigint NOT NULL,
	"uses" bigint NOT NULL,
	CONSTRAINT "expiring_values_kind_key_pk" PRIMARY KEY("kind","key")
);
--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "hub_id" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "transcript_total" ADD COLUMN "shard" bigint PRIMARY KEY DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "transcript_total" ALTER COLUMN "shard" DROP DEFAULT;--> statement-breakpoint
INSERT INTO "transcript_total" ("shard", "bytes") SELECT shard, 0 FROM generate_series(1, 15) AS shard;--> statement-breakpoint
-- Each connection counts in one of the rows, so that it rarely waits for the commit of another one.
CREATE OR REPLACE FUNCTION "count_transcript_bytes"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	difference bigint := CASE TG_OP WHEN 'DELETE' THEN 0 ELSE new.bytes END - CASE TG_OP WHEN 'INSERT' THEN 0 ELSE old.bytes END;
BEGIN
	IF difference <> 0 THEN
		UPDATE "transcript_total" SET "bytes" = "bytes" + difference WHERE "shard" = pg_backend_pid() % 16;
	END IF;
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE INDEX "expiring_values_by_end" ON "expiring_values" USING btree ("expires_at");