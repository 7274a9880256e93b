// Where a queued command goes when a user moves it. The hub runs commands by priority, so a command that is dropped among
// those of another priority gets that priority.
import type { Priority } from '../protocol/command-status.ts';

export interface QueuedRow {
  id: string;
  priority: Priority;
}

/** The body of the request that moves a command. */
export interface QueueMove {
  /** The command that follows it; null for the last place of its priority. */
  before: string | null;
  priority?: Priority;
}

/**
 * Returns the move of a row that is dropped between others; null if it stays where it is.
 * @param rows all rows in order
 * @param place the number of other rows above it
 */
export function planDrop(rows: readonly QueuedRow[], id: string, place: number): QueueMove | null {
  const from = rows.findIndex((row) => row.id === id);
  const row = rows[from];
  if (!row || place === from) return null;
  const others = rows.filter((other) => other !== row);
  const above = others[place - 1];
  const below = others[place];
  if (below?.priority === row.priority) return { before: below.id };
  if (above?.priority === row.priority) return { before: null };
  // Among commands of another priority. Between two priorities, the command joins the one that it was moved to.
  const joined = place > from ? (above ?? below) : (below ?? above);
  if (!joined) return null;
  return {
    before: joined === below ? below.id : idIfSame(below, joined),
    priority: joined.priority,
  };
}

function idIfSame(row: QueuedRow | undefined, { priority }: QueuedRow): string | null {
  return row?.priority === priority ? row.id : null;
}

/** Returns the move of a row by one place within its priority; null if it is the first or the last of it. */
export function planStep(
  rows: readonly QueuedRow[],
  id: string,
  direction: 'up' | 'down',
): QueueMove | null {
  const row = rows.find((one) => one.id === id);
  const group = rows.filter(({ priority }) => priority === row?.priority);
  const at = group.findIndex((one) => one.id === id);
  if (direction === 'up') {
    const above = group[at - 1];
    return above ? { before: above.id } : null;
  }
  if (at < 0 || at === group.length - 1) return null;
  return { before: group[at + 2]?.id ?? null };
}
