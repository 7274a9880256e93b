CREATE TABLE `command_search_progress` (
	`unindexed_up_to` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `__new_commands` (
	`row` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`agent_id` text NOT NULL,
	`command` text NOT NULL,
	`priority` text NOT NULL,
	`status` text NOT NULL,
	`requested_by` text NOT NULL,
	`requested_at` integer NOT NULL,
	`started_at` integer,
	`completed_at` integer,
	`exit_code` integer,
	`signal` text,
	`session` text NOT NULL,
	`timeout_ms` integer NOT NULL,
	`error` text,
	`stop_reason` text,
	`disconnected_at` integer,
	`comparison_id` text,
	`conversation_id` text,
	`usage` text,
	`changes` text,
	`request_id` text,
	`attempt` integer NOT NULL,
	`sent` integer NOT NULL,
	`journal_id` text,
	`agent_next_sequence` integer NOT NULL,
	`is_output_open` integer DEFAULT false NOT NULL,
	`last_sequence` integer,
	`total_bytes` integer
);
--> statement-breakpoint
INSERT INTO `__new_commands`("id", "agent_id", "command", "priority", "status", "requested_by", "requested_at", "started_at", "completed_at", "exit_code", "signal", "session", "timeout_ms", "error", "stop_reason", "disconnected_at", "comparison_id", "conversation_id", "usage", "changes", "request_id", "attempt", "sent", "journal_id", "agent_next_sequence", "is_output_open", "last_sequence", "total_bytes") SELECT "id", "agent_id", "command", "priority", "status", "requested_by", "requested_at", "started_at", "completed_at", "exit_code", "signal", "session", "timeout_ms", "error", "stop_reason", "disconnected_at", "comparison_id", "conversation_id", "usage", "changes", "request_id", "attempt", "sent", "journal_id", "agent_next_sequence", "is_output_open", "last_sequence", "total_bytes" FROM `commands` ORDER BY `id`;--> statement-breakpoint
DROP TABLE `commands`;--> statement-breakpoint
ALTER TABLE `__new_commands` RENAME TO `commands`;--> statement-breakpoint
CREATE UNIQUE INDEX `commands_id_unique` ON `commands` (`id`);--> statement-breakpoint
CREATE INDEX `commands_by_agent` ON `commands` (`agent_id`,`id`);--> statement-breakpoint
CREATE INDEX `commands_by_agent_and_status` ON `commands` (`agent_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `commands_by_status` ON `commands` (`status`,`id`);--> statement-breakpoint
CREATE INDEX `commands_by_request` ON `commands` (`requested_at`);--> statement-breakpoint
CREATE INDEX `commands_by_user` ON `commands` (`requested_by`);--> statement-breakpoint
CREATE INDEX `commands_by_end` ON `commands` (`completed_at`);--> statement-breakpoint
CREATE INDEX `commands_output_open` ON `commands` (`id`) WHERE is_output_open = 1;--> statement-breakpoint
CREATE INDEX `commands_by_comparison` ON `commands` (`comparison_id`,`id`);--> statement-breakpoint
CREATE INDEX `commands_compared` ON `commands` (`id`) WHERE comparison_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `commands_by_conversation` ON `commands` (`conversation_id`,`id`);--> statement-breakpoint
INSERT INTO `command_search_progress` SELECT coalesce(max(`row`), 0) FROM `commands`;--> statement-breakpoint
CREATE VIRTUAL TABLE `command_search` USING fts5(`command`, content='', contentless_delete=1, detail=none, tokenize='trigram');--> statement-breakpoint
CREATE TRIGGER `commands_inserted` AFTER INSERT ON `commands` BEGIN
	INSERT INTO `command_search` (`rowid`, `command`) VALUES (new.`row`, new.`command`);
END;--> statement-breakpoint
CREATE TRIGGER `commands_deleted` AFTER DELETE ON `commands` BEGIN
	DELETE FROM `command_search` WHERE `rowid` = old.`row`;
END;
