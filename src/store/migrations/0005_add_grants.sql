ALTER TABLE `agents` ADD `labels` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `sessions` ADD `agents` text;--> statement-breakpoint
ALTER TABLE `users` ADD `agents` text;