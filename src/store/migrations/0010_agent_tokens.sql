CREATE TABLE `agent_tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`agent_id` text NOT NULL,
	`token_hash` text NOT NULL,
	`name` text,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	`expires_at` integer,
	`last_used_at` integer
);
--> statement-breakpoint
INSERT INTO `agent_tokens` SELECT lower(hex(randomblob(16))), `agent_id`, `token_hash`, NULL, `created_at`, `created_by`, NULL, `last_heartbeat` FROM `agents`;--> statement-breakpoint
ALTER TABLE `agents` DROP COLUMN `token_hash`;