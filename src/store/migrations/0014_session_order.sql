CREATE INDEX `approvals_by_resolution` ON `approvals` (`resolved_at`);--> statement-breakpoint
CREATE INDEX `commands_by_agent_and_end` ON `commands` (`agent_id`,`completed_at`,`id`);