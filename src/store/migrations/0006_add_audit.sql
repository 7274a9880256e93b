CREATE TABLE `audit` (
	`id` text NOT NULL,
	`time` integer NOT NULL,
	`actor_kind` text NOT NULL,
	`actor` text,
	`credential_id` text,
	`address` text,
	`action` text NOT NULL,
	`target` text,
	`detail` text NOT NULL,
	PRIMARY KEY(`time`, `id`)
);
--> statement-breakpoint
CREATE INDEX `audit_by_actor` ON `audit` (`actor`,`time`);--> statement-breakpoint
CREATE INDEX `audit_by_action` ON `audit` (`action`,`time`);--> statement-breakpoint
CREATE INDEX `audit_by_target` ON `audit` (`target`,`time`);--> statement-breakpoint
CREATE INDEX `connections_by_start` ON `connections` (`connected_at`,`id`);--> statement-breakpoint
CREATE INDEX `connections_by_peer` ON `connections` (`peer`,`connected_at`);