CREATE TABLE `output_blocks` (
	`command_id` text NOT NULL,
	`first_sequence` integer NOT NULL,
	`next_sequence` integer NOT NULL,
	`first_offset` integer NOT NULL,
	`text_bytes` integer NOT NULL,
	`search_row` integer,
	`is_indexed` integer NOT NULL,
	`tail` text NOT NULL,
	`checksum` integer NOT NULL,
	`data` blob NOT NULL,
	PRIMARY KEY(`command_id`, `first_sequence`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `output_blocks_by_search_row` ON `output_blocks` (`search_row`);--> statement-breakpoint
CREATE INDEX `output_blocks_unindexed` ON `output_blocks` (`search_row`) WHERE is_indexed = 0;--> statement-breakpoint
CREATE TABLE `transcript_total` (
	`bytes` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `transcripts` (
	`command_id` text PRIMARY KEY NOT NULL,
	`bytes` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`removed_at` integer,
	`removal_reason` text,
	`removal_limit` integer
);
--> statement-breakpoint
CREATE INDEX `transcripts_by_update` ON `transcripts` (`updated_at`) WHERE removed_at IS NULL;--> statement-breakpoint
CREATE INDEX `transcripts_to_delete` ON `transcripts` (`removed_at`) WHERE removed_at IS NOT NULL AND bytes > 0;--> statement-breakpoint
INSERT INTO `transcript_total` VALUES (0);--> statement-breakpoint
CREATE TRIGGER `transcripts_inserted` AFTER INSERT ON `transcripts` BEGIN
	UPDATE `transcript_total` SET `bytes` = `bytes` + new.`bytes`;
END;--> statement-breakpoint
CREATE TRIGGER `transcripts_updated` AFTER UPDATE OF `bytes` ON `transcripts` BEGIN
	UPDATE `transcript_total` SET `bytes` = `bytes` - old.`bytes` + new.`bytes`;
END;--> statement-breakpoint
CREATE TRIGGER `transcripts_deleted` AFTER DELETE ON `transcripts` BEGIN
	UPDATE `transcript_total` SET `bytes` = `bytes` - old.`bytes`;
END;--> statement-breakpoint
CREATE VIRTUAL TABLE `output_search` USING fts5(`text`, content='', contentless_delete=1, detail=none, tokenize='trigram');--> statement-breakpoint
CREATE TRIGGER `output_blocks_deleted` AFTER DELETE ON `output_blocks` WHEN old.`is_indexed` = 1 BEGIN
	DELETE FROM `output_search` WHERE `rowid` = old.`search_row`;
END;
