CREATE TABLE "agent_changes" (
	"agent_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"changed_by" "xid8" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "agent_states" (
	"agent_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"hub_id" text COLLATE "C",
	"epoch" bigint NOT NULL,
	"published" text COLLATE "C"
);
--> statement-breakpoint
CREATE TABLE "hubs" (
	"node" text COLLATE "C" PRIMARY KEY NOT NULL,
	"hub_id" text COLLATE "C" NOT NULL,
	"version" text COLLATE "C" NOT NULL,
	"started_at" bigint NOT NULL,
	"renewed_at" bigint NOT NULL,
	"lease_ends_at" bigint NOT NULL,
	"has_left" boolean DEFAULT false NOT NULL,
	"agents" bigint DEFAULT 0 NOT NULL,
	"dashboards" bigint DEFAULT 0 NOT NULL,
	"is_draining" boolean DEFAULT false NOT NULL,
	"bus_lag_ms" double precision,
	"store_lag_ms" double precision
);
--> statement-breakpoint
CREATE TABLE "request_keys" (
	"requested_by" text COLLATE "C" NOT NULL,
	"request_id" text COLLATE "C" NOT NULL,
	"command_id" text COLLATE "C" NOT NULL,
	"requested_at" bigint NOT NULL,
	CONSTRAINT "request_keys_requested_by_request_id_pk" PRIMARY KEY("requested_by","request_id")
);
--> statement-breakpoint
CREATE TABLE "secrets" (
	"name" text COLLATE "C" PRIMARY KEY NOT NULL,
	"text" text COLLATE "C" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "table_versions" (
	"name" text COLLATE "C" PRIMARY KEY NOT NULL,
	"changed_by" "xid8" NOT NULL
);
--> statement-breakpoint
CREATE INDEX "request_keys_by_time" ON "request_keys" USING btree ("requested_at");--> statement-breakpoint
-- An agent runs one command at a time. If there are more, only the latest can still be running.
UPDATE "commands" SET
	"status" = 'failed',
	"completed_at" = greatest("requested_at", "started_at", (extract(epoch FROM clock_timestamp()) * 1000)::bigint),
	"error" = '{"code":"agent_lost","message":"The hub sent another command to the agent before this one had ended."}'
WHERE "sent" AND "status" IN ('queued', 'running') AND EXISTS (
	SELECT 1 FROM "commands" AS "later"
	WHERE "later"."agent_id" = "commands"."agent_id" AND "later"."id" > "commands"."id"
		AND "later"."sent" AND "later"."status" IN ('queued', 'running')
);
--> statement-breakpoint
CREATE UNIQUE INDEX "commands_sent" ON "commands" USING btree ("agent_id") WHERE sent AND status IN ('queued', 'running');
--> statement-breakpoint
INSERT INTO "request_keys" ("requested_by", "request_id", "command_id", "requested_at")
SELECT DISTINCT ON ("requested_by", "request_id") "requested_by", "request_id", "id", "requested_at" FROM "commands"
WHERE "request_id" IS NOT NULL AND "requested_at" > extract(epoch FROM clock_timestamp()) * 1000 - 86400000
ORDER BY "requested_by", "request_id", "requested_at" DESC;
--> statement-breakpoint
-- Notes that something about an agent was changed by this transaction.
CREATE FUNCTION "note_agent_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO "agent_changes" ("agent_id", "changed_by") VALUES (new.agent_id, pg_current_xact_id())
	ON CONFLICT ("agent_id") DO UPDATE SET "changed_by" = excluded."changed_by" WHERE "agent_changes"."changed_by" <> excluded."changed_by";
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION "note_removed_agent"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	-- Another agent with the same name starts without a state.
	UPDATE "agent_states" SET "published" = NULL WHERE "agent_id" = old.agent_id;
	INSERT INTO "agent_changes" ("agent_id", "changed_by") VALUES (old.agent_id, pg_current_xact_id())
	ON CONFLICT ("agent_id") DO UPDATE SET "changed_by" = excluded."changed_by" WHERE "agent_changes"."changed_by" <> excluded."changed_by";
	RETURN NULL;
END $$;
--> statement-breakpoint
-- The same for tables with rows of commands.
CREATE FUNCTION "note_command_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO "agent_changes" ("agent_id", "changed_by") SELECT "agent_id", pg_current_xact_id() FROM "commands" WHERE "id" = new.command_id
	ON CONFLICT ("agent_id") DO UPDATE SET "changed_by" = excluded."changed_by" WHERE "agent_changes"."changed_by" <> excluded."changed_by";
	RETURN NULL;
END $$;
--> statement-breakpoint
-- The same for tables that hubs keep in memory. It runs before the commit, so that transactions of several hubs neither wait
-- long for each other here nor block each other.
CREATE FUNCTION "note_table_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO "table_versions" ("name", "changed_by") VALUES (tg_table_name::text, pg_current_xact_id())
	ON CONFLICT ("name") DO UPDATE SET "changed_by" = excluded."changed_by" WHERE "table_versions"."changed_by" <> excluded."changed_by";
	RETURN NULL;
END $$;
--> statement-breakpoint
-- All columns but agent_next_sequence, which each chunk of output changes, and those that never change.
CREATE TRIGGER "commands_noted" AFTER INSERT OR UPDATE OF "agent_id", "command", "priority", "status", "requested_by", "started_at", "completed_at", "exit_code", "signal", "error", "stop_reason", "disconnected_at", "conversation_id", "usage", "changes", "edited_by", "changes_problem", "attempt", "sent", "journal_id", "is_output_open", "last_sequence", "total_bytes", "queue_rank" ON "commands" FOR EACH ROW EXECUTE FUNCTION "note_agent_change"();
--> statement-breakpoint
CREATE TRIGGER "approvals_noted" AFTER INSERT OR UPDATE ON "approvals" FOR EACH ROW EXECUTE FUNCTION "note_agent_change"();
--> statement-breakpoint
CREATE TRIGGER "agent_states_noted" AFTER INSERT OR UPDATE ON "agent_states" FOR EACH ROW EXECUTE FUNCTION "note_agent_change"();
--> statement-breakpoint
CREATE TRIGGER "agents_noted" AFTER INSERT OR UPDATE ON "agents" FOR EACH ROW EXECUTE FUNCTION "note_agent_change"();
--> statement-breakpoint
CREATE TRIGGER "agents_removed" AFTER DELETE ON "agents" FOR EACH ROW EXECUTE FUNCTION "note_removed_agent"();
--> statement-breakpoint
CREATE TRIGGER "turns_noted" AFTER INSERT OR UPDATE ON "turns" FOR EACH ROW EXECUTE FUNCTION "note_command_change"();
--> statement-breakpoint
CREATE TRIGGER "file_changes_noted" AFTER INSERT OR UPDATE ON "file_changes" FOR EACH ROW EXECUTE FUNCTION "note_command_change"();
--> statement-breakpoint
CREATE TRIGGER "file_reverts_noted" AFTER INSERT ON "file_reverts" FOR EACH ROW EXECUTE FUNCTION "note_command_change"();
--> statement-breakpoint
CREATE TRIGGER "transcripts_inserted_removed" AFTER INSERT ON "transcripts" FOR EACH ROW WHEN (new."removed_at" IS NOT NULL) EXECUTE FUNCTION "note_command_change"();
--> statement-breakpoint
CREATE TRIGGER "transcripts_removed" AFTER UPDATE OF "removed_at" ON "transcripts" FOR EACH ROW WHEN (old."removed_at" IS DISTINCT FROM new."removed_at") EXECUTE FUNCTION "note_command_change"();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER "users_versioned" AFTER INSERT OR DELETE OR UPDATE ON "users" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_table_change"();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER "sessions_versioned" AFTER INSERT OR DELETE OR UPDATE OF "user_id", "role", "agents", "expires_at" ON "sessions" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_table_change"();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER "agent_tokens_versioned" AFTER INSERT OR DELETE OR UPDATE OF "agent_id", "token_hash", "name", "created_by", "expires_at" ON "agent_tokens" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_table_change"();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER "api_tokens_versioned" AFTER INSERT OR DELETE OR UPDATE OF "user_id", "name", "token_hash", "scope", "expires_at" ON "api_tokens" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_table_change"();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER "secrets_versioned" AFTER INSERT OR DELETE OR UPDATE ON "secrets" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_table_change"();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER "agents_versioned" AFTER INSERT OR DELETE ON "agents" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_table_change"();
--> statement-breakpoint
-- Each connection of an agent updates it, usually with the same capabilities.
CREATE CONSTRAINT TRIGGER "agents_changed" AFTER UPDATE ON "agents" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	WHEN ((old."agent_type", old."labels", old."created_by", old."capabilities", old."paused") IS DISTINCT FROM (new."agent_type", new."labels", new."created_by", new."capabilities", new."paused"))
	EXECUTE FUNCTION "note_table_change"();
--> statement-breakpoint
-- Rows that change often stay on their page.
ALTER TABLE "agent_changes" SET (fillfactor = 20);
--> statement-breakpoint
ALTER TABLE "agent_states" SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE "table_versions" SET (fillfactor = 10);
--> statement-breakpoint
ALTER TABLE "hubs" SET (fillfactor = 10);
