CREATE TABLE `turn_parts` (
	`command_id` text NOT NULL,
	`index` integer NOT NULL,
	`revision` integer NOT NULL,
	`content` text NOT NULL,
	PRIMARY KEY(`command_id`, `index`)
);
--> statement-breakpoint
CREATE TABLE `turns` (
	`command_id` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`next_sequence` integer NOT NULL
);
