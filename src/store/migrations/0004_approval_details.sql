CREATE TABLE `approval_details` (
	`approval_id` text PRIMARY KEY NOT NULL,
	`detail` text NOT NULL
);
--> statement-breakpoint
ALTER TABLE `approvals` ADD `detail_bytes` integer;
--> statement-breakpoint
INSERT INTO `approval_details` SELECT `approval_id`, `detail` FROM `approvals` WHERE length(CAST(`detail` AS BLOB)) > 65536;
--> statement-breakpoint
UPDATE `approvals` SET `detail_bytes` = length(CAST(`detail` AS BLOB)), `detail` = substr(`detail`, 1, 16384) WHERE length(CAST(`detail` AS BLOB)) > 65536;
