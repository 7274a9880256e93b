CREATE TABLE "output_epochs" (
	"command_id" text COLLATE "C" NOT NULL,
	"epoch" bigint NOT NULL,
	"first_sequence" bigint NOT NULL,
	CONSTRAINT "output_epochs_command_id_epoch_pk" PRIMARY KEY("command_id","epoch")
);
--> statement-breakpoint
-- Notes where the output begins that the new owner of an agent receives. The update has waited for the commits of the earlier owner,
-- and the statements of this function see them.
CREATE FUNCTION "add_output_epochs"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO "output_epochs" ("command_id", "epoch", "first_sequence")
	SELECT "id", new.epoch, greatest(
		coalesce((SELECT "sequence" + 1 FROM "output" WHERE "command_id" = "id" ORDER BY "sequence" DESC LIMIT 1), 0),
		coalesce((SELECT "next_sequence" FROM "output_blocks" WHERE "command_id" = "id" ORDER BY "first_sequence" DESC LIMIT 1), 0)
	)
	FROM (
		SELECT "id" FROM "commands" WHERE "agent_id" = new.agent_id AND "status" IN ('queued', 'running') AND "sent"
		UNION SELECT "id" FROM "commands" WHERE "agent_id" = new.agent_id AND "is_output_open"
	) AS command
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "agent_states_claimed" AFTER UPDATE OF "epoch" ON "agent_states" FOR EACH ROW WHEN (new."epoch" <> old."epoch") EXECUTE FUNCTION "add_output_epochs"();
