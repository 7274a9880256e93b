CREATE TABLE `file_changes` (
	`command_id` text PRIMARY KEY NOT NULL,
	`data` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `file_reverts` (
	`command_id` text NOT NULL,
	`path` text NOT NULL,
	`reverted_at` integer NOT NULL,
	PRIMARY KEY(`command_id`, `path`)
);
--> statement-breakpoint
ALTER TABLE `commands` ADD `changes_problem` text;