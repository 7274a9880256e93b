CREATE TABLE `saved_prompts` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`name` text NOT NULL,
	`text` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `saved_prompts_by_name` ON `saved_prompts` (`user_id`,`name`);--> statement-breakpoint
ALTER TABLE `agents` ADD `paused` text;--> statement-breakpoint
ALTER TABLE `commands` ADD `edited_by` text;--> statement-breakpoint
ALTER TABLE `commands` ADD `queue_rank` integer;--> statement-breakpoint
CREATE INDEX `commands_edited` ON `commands` (`edited_by`) WHERE edited_by IS NOT NULL;--> statement-breakpoint
CREATE TRIGGER `commands_text_changed` AFTER UPDATE OF `command` ON `commands`
WHEN new.`row` > (SELECT `unindexed_up_to` FROM `command_search_progress`) BEGIN
	DELETE FROM `command_search` WHERE `rowid` = old.`row`;
	INSERT INTO `command_search` (`rowid`, `command`) VALUES (new.`row`, new.`command`);
END;
