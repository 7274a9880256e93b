CREATE TABLE `agents` (
	`agent_id` text PRIMARY KEY NOT NULL,
	`agent_type` text NOT NULL,
	`token_hash` text NOT NULL,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `approvals` (
	`approval_id` text PRIMARY KEY NOT NULL,
	`command_id` text NOT NULL,
	`agent_id` text NOT NULL,
	`title` text NOT NULL,
	`detail` text,
	`options` text NOT NULL,
	`requested_at` integer NOT NULL,
	`outcome` text,
	`option_id` text,
	`resolved_by` text,
	`resolved_at` integer,
	`applied_at` integer
);
--> statement-breakpoint
CREATE INDEX `approvals_by_command` ON `approvals` (`command_id`);--> statement-breakpoint
CREATE INDEX `approvals_by_outcome` ON `approvals` (`outcome`,`applied_at`);--> statement-breakpoint
CREATE TABLE `commands` (
	`id` text PRIMARY KEY NOT NULL,
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
	`comparison_id` text,
	`conversation_id` text,
	`usage` text,
	`changes` text,
	`request_id` text,
	`attempt` integer NOT NULL,
	`sent` integer NOT NULL,
	`journal_id` text,
	`agent_next_sequence` integer NOT NULL,
	`last_sequence` integer,
	`total_bytes` integer
);
--> statement-breakpoint
CREATE INDEX `commands_by_agent` ON `commands` (`agent_id`,`id`);--> statement-breakpoint
CREATE INDEX `commands_by_status` ON `commands` (`status`,`id`);--> statement-breakpoint
CREATE INDEX `commands_by_request` ON `commands` (`requested_at`);--> statement-breakpoint
CREATE INDEX `commands_by_comparison` ON `commands` (`comparison_id`,`id`);--> statement-breakpoint
CREATE INDEX `commands_by_conversation` ON `commands` (`conversation_id`,`id`);--> statement-breakpoint
CREATE TABLE `connections` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`peer` text NOT NULL,
	`connected_at` integer NOT NULL,
	`disconnected_at` integer,
	`close_code` integer,
	`close_reason` text,
	`client_info` text
);
--> statement-breakpoint
CREATE INDEX `connections_by_time` ON `connections` (`connected_at`);--> statement-breakpoint
CREATE TABLE `output` (
	`command_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`type` text NOT NULL,
	`data` text NOT NULL,
	`timestamp` integer NOT NULL,
	`offset` integer NOT NULL,
	`lost_bytes` integer NOT NULL,
	PRIMARY KEY(`command_id`, `sequence`)
);
--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`password_hash` text NOT NULL,
	`role` text NOT NULL,
	`created_at` integer NOT NULL
);
