DROP INDEX `connections_by_time`;--> statement-breakpoint
CREATE INDEX `connections_by_end` ON `connections` (`disconnected_at`);--> statement-breakpoint
ALTER TABLE `agents` ADD `connection_time` integer;--> statement-breakpoint
ALTER TABLE `agents` ADD `last_heartbeat` integer;--> statement-breakpoint
ALTER TABLE `agents` ADD `capabilities` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `commands` ADD `stop_reason` text;--> statement-breakpoint
ALTER TABLE `commands` ADD `disconnected_at` integer;--> statement-breakpoint
ALTER TABLE `commands` ADD `is_output_open` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX `commands_output_open` ON `commands` (`id`) WHERE is_output_open = 1;