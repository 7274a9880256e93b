-- The transaction that ended a command. It tells hubs which commands have ended since they last asked, whichever hub owned the agent.
-- A trigger sets it, so hubs of an earlier version need not know it.
ALTER TABLE "commands" ADD COLUMN "ended_by" xid8;
--> statement-breakpoint
CREATE INDEX "commands_by_ending" ON "commands" USING btree ("ended_by") WHERE "ended_by" IS NOT NULL;
--> statement-breakpoint
CREATE FUNCTION "note_command_end"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	new.ended_by := pg_current_xact_id();
	RETURN new;
END $$;
--> statement-breakpoint
CREATE TRIGGER "commands_ended" BEFORE UPDATE OF "status" ON "commands" FOR EACH ROW
	WHEN (old."status" IN ('queued', 'running') AND new."status" NOT IN ('queued', 'running'))
	EXECUTE FUNCTION "note_command_end"();
