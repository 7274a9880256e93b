-- The last contact with each agent is stored every minute. The hubs that mirror it show what its owner has published, so they need
-- not read the agent for that. Labels and pauses are changes of the table.
DROP TRIGGER "agents_noted" ON "agents";
--> statement-breakpoint
CREATE TRIGGER "agents_noted" AFTER INSERT ON "agents" FOR EACH ROW EXECUTE FUNCTION "note_agent_change"();
