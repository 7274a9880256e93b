-- Finds texts by three or more characters of theirs.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
--> statement-breakpoint
CREATE TABLE "agent_tokens" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"agent_id" text COLLATE "C" NOT NULL,
	"token_hash" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C",
	"created_at" bigint NOT NULL,
	"created_by" text COLLATE "C" NOT NULL,
	"expires_at" bigint,
	"last_used_at" bigint
);
--> statement-breakpoint
CREATE TABLE "agents" (
	"agent_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"agent_type" text COLLATE "C" NOT NULL,
	"labels" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"created_by" text COLLATE "C" NOT NULL,
	"connection_time" bigint,
	"last_heartbeat" bigint,
	"capabilities" text COLLATE "C" NOT NULL,
	"paused" text COLLATE "C"
);
--> statement-breakpoint
CREATE TABLE "api_tokens" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"token_hash" text COLLATE "C" NOT NULL,
	"scope" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	"last_used_at" bigint,
	"last_address" text COLLATE "C"
);
--> statement-breakpoint
CREATE TABLE "approval_details" (
	"approval_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"detail" text COLLATE "C" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "approvals" (
	"approval_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"command_id" text COLLATE "C" NOT NULL,
	"agent_id" text COLLATE "C" NOT NULL,
	"title" text COLLATE "C" NOT NULL,
	"detail" text COLLATE "C",
	"detail_bytes" bigint,
	"options" text COLLATE "C" NOT NULL,
	"requested_at" bigint NOT NULL,
	"outcome" text COLLATE "C",
	"option_id" text COLLATE "C",
	"resolved_by" text COLLATE "C",
	"resolved_at" bigint,
	"applied_at" bigint
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"id" text COLLATE "C" NOT NULL,
	"time" bigint NOT NULL,
	"actor_kind" text COLLATE "C" NOT NULL,
	"actor" text COLLATE "C",
	"credential_id" text COLLATE "C",
	"address" text COLLATE "C",
	"action" text COLLATE "C" NOT NULL,
	"target" text COLLATE "C",
	"detail" text COLLATE "C" NOT NULL,
	CONSTRAINT "audit_time_id_pk" PRIMARY KEY("time","id")
);
--> statement-breakpoint
CREATE TABLE "commands" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"agent_id" text COLLATE "C" NOT NULL,
	"command" text COLLATE "C" NOT NULL,
	"priority" text COLLATE "C" NOT NULL,
	"status" text COLLATE "C" NOT NULL,
	"requested_by" text COLLATE "C" NOT NULL,
	"requested_at" bigint NOT NULL,
	"started_at" bigint,
	"completed_at" bigint,
	"exit_code" bigint,
	"signal" text COLLATE "C",
	"session" text COLLATE "C" NOT NULL,
	"timeout_ms" bigint NOT NULL,
	"error" text COLLATE "C",
	"stop_reason" text COLLATE "C",
	"disconnected_at" bigint,
	"comparison_id" text COLLATE "C",
	"conversation_id" text COLLATE "C",
	"usage" text COLLATE "C",
	"changes" text COLLATE "C",
	"edited_by" text COLLATE "C",
	"changes_problem" text COLLATE "C",
	"request_id" text COLLATE "C",
	"attempt" bigint NOT NULL,
	"sent" boolean NOT NULL,
	"journal_id" text COLLATE "C",
	"agent_next_sequence" bigint NOT NULL,
	"is_output_open" boolean DEFAULT false NOT NULL,
	"last_sequence" bigint,
	"total_bytes" bigint,
	"queue_rank" bigint
);
--> statement-breakpoint
CREATE TABLE "connections" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"kind" text COLLATE "C" NOT NULL,
	"peer" text COLLATE "C" NOT NULL,
	"connected_at" bigint NOT NULL,
	"disconnected_at" bigint,
	"close_code" bigint,
	"close_reason" text COLLATE "C",
	"client_info" text COLLATE "C",
	"credential_id" text COLLATE "C",
	"address" text COLLATE "C"
);
--> statement-breakpoint
CREATE TABLE "saved_prompts" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"text" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"role" text COLLATE "C" NOT NULL,
	"agents" text COLLATE "C",
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	"last_seen_at" bigint NOT NULL,
	"address" text COLLATE "C",
	"user_agent" text COLLATE "C"
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"password_hash" text COLLATE "C",
	"role" text COLLATE "C" NOT NULL,
	"agents" text COLLATE "C",
	"created_at" bigint NOT NULL,
	"disabled_at" bigint,
	"two_factor" text COLLATE "C",
	"identity" text COLLATE "C"
);
--> statement-breakpoint
CREATE TABLE "file_changes" (
	"command_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"data" bytea NOT NULL
);
--> statement-breakpoint
CREATE TABLE "file_reverts" (
	"command_id" text COLLATE "C" NOT NULL,
	"path" text COLLATE "C" NOT NULL,
	"reverted_at" bigint NOT NULL,
	CONSTRAINT "file_reverts_command_id_path_pk" PRIMARY KEY("command_id","path")
);
--> statement-breakpoint
CREATE TABLE "output" (
	"command_id" text COLLATE "C" NOT NULL,
	"sequence" bigint NOT NULL,
	"type" text COLLATE "C" NOT NULL,
	"data" text COLLATE "C" NOT NULL,
	"timestamp" bigint NOT NULL,
	"offset" bigint NOT NULL,
	"lost_bytes" bigint NOT NULL,
	CONSTRAINT "output_command_id_sequence_pk" PRIMARY KEY("command_id","sequence")
);
--> statement-breakpoint
CREATE TABLE "output_blocks" (
	"command_id" text COLLATE "C" NOT NULL,
	"first_sequence" bigint NOT NULL,
	"next_sequence" bigint NOT NULL,
	"first_offset" bigint NOT NULL,
	"text_bytes" bigint NOT NULL,
	"tail" text COLLATE "C" NOT NULL,
	"checksum" bigint NOT NULL,
	"data" bytea NOT NULL,
	"plain_text" text COLLATE "C",
	CONSTRAINT "output_blocks_command_id_first_sequence_pk" PRIMARY KEY("command_id","first_sequence")
);
--> statement-breakpoint
CREATE TABLE "transcript_total" (
	"bytes" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "transcripts" (
	"command_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"bytes" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"removed_at" bigint,
	"removal_reason" text COLLATE "C",
	"removal_limit" double precision
);
--> statement-breakpoint
CREATE TABLE "turn_parts" (
	"command_id" text COLLATE "C" NOT NULL,
	"index" bigint NOT NULL,
	"revision" bigint NOT NULL,
	"content" text COLLATE "C" NOT NULL,
	CONSTRAINT "turn_parts_command_id_index_pk" PRIMARY KEY("command_id","index")
);
--> statement-breakpoint
CREATE TABLE "turns" (
	"command_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"state" text COLLATE "C" NOT NULL,
	"next_sequence" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "writers" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"commits" bigint NOT NULL,
	"is_ended" boolean NOT NULL,
	"used_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "approvals_by_command" ON "approvals" USING btree ("command_id");--> statement-breakpoint
CREATE INDEX "approvals_by_outcome" ON "approvals" USING btree ("outcome","applied_at");--> statement-breakpoint
CREATE INDEX "approvals_by_user" ON "approvals" USING btree ("resolved_by");--> statement-breakpoint
CREATE INDEX "approvals_by_resolution" ON "approvals" USING btree ("resolved_at");--> statement-breakpoint
CREATE INDEX "audit_by_actor" ON "audit" USING btree ("actor","time");--> statement-breakpoint
CREATE INDEX "audit_by_action" ON "audit" USING btree ("action","time");--> statement-breakpoint
CREATE INDEX "audit_by_target" ON "audit" USING btree ("target","time");--> statement-breakpoint
CREATE INDEX "audit_exports_by_actor" ON "audit" USING btree ((detail::json ->> 'actor')) WHERE action = 'audit.exported';--> statement-breakpoint
CREATE INDEX "audit_exports_by_target" ON "audit" USING btree ((detail::json ->> 'target')) WHERE action = 'audit.exported';--> statement-breakpoint
CREATE INDEX "commands_by_agent" ON "commands" USING btree ("agent_id","id");--> statement-breakpoint
CREATE INDEX "commands_by_agent_and_status" ON "commands" USING btree ("agent_id","status","id");--> statement-breakpoint
CREATE INDEX "commands_by_status" ON "commands" USING btree ("status","id");--> statement-breakpoint
CREATE INDEX "commands_by_request" ON "commands" USING btree ("requested_at");--> statement-breakpoint
CREATE INDEX "commands_by_user" ON "commands" USING btree ("requested_by","id");--> statement-breakpoint
CREATE INDEX "commands_edited" ON "commands" USING btree ("edited_by") WHERE edited_by IS NOT NULL;--> statement-breakpoint
CREATE INDEX "commands_by_end" ON "commands" USING btree ("completed_at");--> statement-breakpoint
CREATE INDEX "commands_by_agent_and_end" ON "commands" USING btree ("agent_id","completed_at","id");--> statement-breakpoint
CREATE INDEX "commands_output_open" ON "commands" USING btree ("id") WHERE is_output_open;--> statement-breakpoint
CREATE INDEX "commands_by_comparison" ON "commands" USING btree ("comparison_id","id");--> statement-breakpoint
CREATE INDEX "commands_compared" ON "commands" USING btree ("id") WHERE comparison_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "commands_by_conversation" ON "commands" USING btree ("conversation_id","id");--> statement-breakpoint
CREATE INDEX "commands_by_text" ON "commands" USING gin ("command" gin_trgm_ops) WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX "connections_by_start" ON "connections" USING btree ("connected_at","id");--> statement-breakpoint
CREATE INDEX "connections_by_end" ON "connections" USING btree ("disconnected_at","id");--> statement-breakpoint
CREATE INDEX "connections_by_peer" ON "connections" USING btree ("peer","connected_at");--> statement-breakpoint
CREATE UNIQUE INDEX "saved_prompts_by_name" ON "saved_prompts" USING btree ("user_id","name");--> statement-breakpoint
CREATE INDEX "output_blocks_unindexed" ON "output_blocks" USING btree ("command_id","first_sequence") WHERE plain_text IS NULL;--> statement-breakpoint
CREATE INDEX "output_blocks_by_text" ON "output_blocks" USING gin ("plain_text" gin_trgm_ops) WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX "transcripts_by_update" ON "transcripts" USING btree ("updated_at") WHERE removed_at IS NULL;--> statement-breakpoint
CREATE INDEX "transcripts_to_delete" ON "transcripts" USING btree ("removed_at") WHERE removed_at IS NOT NULL AND bytes > 0;
--> statement-breakpoint
INSERT INTO "transcript_total" ("bytes") VALUES (0);
--> statement-breakpoint
-- Keeps the size of all transcripts up to date.
CREATE FUNCTION "count_transcript_bytes"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	difference bigint := CASE TG_OP WHEN 'DELETE' THEN 0 ELSE new.bytes END - CASE TG_OP WHEN 'INSERT' THEN 0 ELSE old.bytes END;
BEGIN
	IF difference <> 0 THEN
		UPDATE "transcript_total" SET "bytes" = "bytes" + difference;
	END IF;
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "transcripts_counted" AFTER INSERT OR UPDATE OF "bytes" OR DELETE ON "transcripts" FOR EACH ROW EXECUTE FUNCTION "count_transcript_bytes"();
--> statement-breakpoint
-- The first statement of each transaction of a writer. A connection that finds out whether the last commit of a lost one
-- took effect ends that writer first, so that its transaction cannot be committed later.
CREATE FUNCTION "start_commit"(writer text, number bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE "writers" SET "commits" = number, "used_at" = extract(epoch FROM clock_timestamp()) * 1000 WHERE "id" = writer AND NOT "is_ended";
	IF NOT FOUND THEN
		RAISE EXCEPTION 'Another connection has taken over from this one.';
	END IF;
END $$;
--> statement-breakpoint
-- Rows that change without a change of an indexed column stay on their page.
ALTER TABLE "commands" SET (fillfactor = 80);
--> statement-breakpoint
ALTER TABLE "writers" SET (fillfactor = 10);
--> statement-breakpoint
ALTER TABLE "transcript_total" SET (fillfactor = 10);
--> statement-breakpoint
-- Chunks and blocks are deleted all the time, and their space is needed again soon.
ALTER TABLE "output" SET (autovacuum_vacuum_scale_factor = 0.02);
--> statement-breakpoint
ALTER TABLE "output_blocks" SET (autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_scale_factor = 0.02);
--> statement-breakpoint
-- The blocks are compressed.
ALTER TABLE "output_blocks" ALTER COLUMN "data" SET STORAGE EXTERNAL;
--> statement-breakpoint
ALTER TABLE "file_changes" ALTER COLUMN "data" SET STORAGE EXTERNAL;
--> statement-breakpoint
-- lz4 is much faster than the default, but not every server has it.
DO $$ BEGIN
	ALTER TABLE "output_blocks" ALTER COLUMN "plain_text" SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
