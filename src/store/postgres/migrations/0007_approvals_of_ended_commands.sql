-- A command that ends cancels its pending approval requests in the same transaction. The hub does so, too, to tell its users, but it
-- can crash before that, and the next owner of the agent does not read requests of commands that have ended.
CREATE FUNCTION "cancel_approvals"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE "approvals" SET "outcome" = 'cancelled', "resolved_at" = extract(epoch FROM clock_timestamp()) * 1000
	WHERE "command_id" = new.id AND "outcome" IS NULL;
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "commands_ended_approvals" AFTER UPDATE OF "status" ON "commands" FOR EACH ROW
	WHEN (old."status" IN ('queued', 'running') AND new."status" NOT IN ('queued', 'running'))
	EXECUTE FUNCTION "cancel_approvals"();
--> statement-breakpoint
UPDATE "approvals" SET "outcome" = 'cancelled', "resolved_at" = extract(epoch FROM clock_timestamp()) * 1000
WHERE "outcome" IS NULL AND "command_id" IN (SELECT "id" FROM "commands" WHERE "status" NOT IN ('queued', 'running'));
