ALTER TABLE `connections` ADD `credential_id` text;--> statement-breakpoint
ALTER TABLE `connections` ADD `address` text;--> statement-breakpoint
CREATE INDEX `approvals_by_user` ON `approvals` (`resolved_by`);--> statement-breakpoint
CREATE INDEX `audit_exports_by_actor` ON `audit` ((detail ->> 'actor')) WHERE action = 'audit.exported';--> statement-breakpoint
CREATE INDEX `audit_exports_by_target` ON `audit` ((detail ->> 'target')) WHERE action = 'audit.exported';--> statement-breakpoint
CREATE INDEX `commands_by_user` ON `commands` (`requested_by`);