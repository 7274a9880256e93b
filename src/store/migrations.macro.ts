// Runs while the hub is bundled or started from source, never inside the compiled executable.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Journal {
  entries: { tag: string }[];
}

/**
 * Returns the SQL of every migration in drizzle's journal, in order.
 * @param path the folder of the migrations, relative to this one
 */
export function readMigrations(path: string): string[] {
  const folder = join(import.meta.dir, path);
  const journal = readFileSync(join(folder, 'meta/_journal.json'), 'utf8');
  const { entries } = JSON.parse(journal) as Journal;
  return entries.map(({ tag }) => readFileSync(join(folder, `${tag}.sql`), 'utf8'));
}
