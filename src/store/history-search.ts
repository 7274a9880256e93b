// Finds commands for a page of the history, newest first: by filters, and by a text in the commands or in their output. A
// text is looked for in one part of the history after the other, and other queries run in between.
import { and, desc, eq, gt, inArray } from 'drizzle-orm';
import type { CommandPage, CommandQuery } from '../protocol/api.ts';
import { PAGE_LENGTH } from '../protocol/limits.ts';
import {
  type AgentIds,
  createFilter,
  type Db,
  findLastRow,
  type Found,
  foundColumns,
  hasFewCommands,
  list,
  type PageQuery,
  type Part,
  searchPart,
  storedColumns,
  toFound,
  WITHOUT_INDEX,
} from './command-pages.ts';
import { findInOutput } from './output-search.ts';
import { commands } from './schema.ts';
import type { StoredCommand } from './store.ts';

/** The rows of the first part of a search, and the fewest of the others. */
const PART_ROWS = 20_000;
const MIN_PART_ROWS = 1_000;
/** How long searching one part should take. The next part has more or fewer rows. */
const PART_MS = 5;
/** How long a search takes at most. The next page continues it. */
const SEARCH_MS = 3_000;

/** Returns a page of the commands of these agents, newest first; null for all agents. */
export async function selectPage(
  db: Db,
  query: CommandQuery,
  agentIds: AgentIds = null,
): Promise<CommandPage> {
  // SQLite would read the text only up to it.
  if (query.q?.includes('\0')) return { items: [], nextCursor: null };
  const limit = query.limit ?? PAGE_LENGTH;
  const page = { ...query, limit: limit + 1 };
  if (query.q) return search(db, page, agentIds);
  const rows = list(db, page, agentIds);
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}

/** A page of the commands that contain a text, or whose output does, by row. */
async function search(db: Db, query: PageQuery, agentIds: AgentIds): Promise<CommandPage> {
  const found: Found[] = [];
  const few = hasFewCommands(db, query) ? addRows(db, list(db, query, agentIds)) : null;
  const deadline = performance.now() + SEARCH_MS;
  let rows = PART_ROWS;
  let upTo = findLastRow(db, query);
  while (upTo > 0 && found.length < query.limit) {
    if (performance.now() > deadline) return toPage(found, findCursor(db, upTo));
    const startedAt = performance.now();
    const part = { after: Math.max(0, upTo - rows), upTo };
    const limit = query.limit - found.length;
    const inCommands =
      few?.filter(({ row }) => row > part.after && row <= upTo).slice(0, limit) ??
      searchPart(db, { ...query, limit }, agentIds, part);
    const ms = performance.now() - startedAt;
    const { matches, searchedAfter } = await searchOutput(db, { ...query, limit }, agentIds, {
      part,
      inCommands,
      deadline,
    });
    const all = [...inCommands, ...matches].toSorted((a, b) => b.row - a.row);
    found.push(...all.filter(({ row }) => row > searchedAfter).slice(0, limit));
    upTo = searchedAfter;
    rows = ms < PART_MS ? rows * 2 : Math.max(MIN_PART_ROWS, Math.floor((rows * PART_MS) / ms));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const items = found.slice(0, query.limit - 1);
  return toPage(items, found.length === query.limit ? (items.at(-1)?.command.id ?? null) : null);
}

function toPage(found: readonly Found[], nextCursor: string | null): CommandPage {
  const lines = found.flatMap(({ command, line }) => (line === null ? [] : [[command.id, line]]));
  const items = found.map(({ command }) => command);
  if (lines.length === 0) return { items, nextCursor };
  return { items, nextCursor, outputLines: Object.fromEntries(lines) as Record<string, string> };
}

/**
 * Searches the output of the commands of a part, except those that were found already.
 * @returns the matches, and the row after which all commands have been searched
 */
async function searchOutput(
  db: Db,
  query: PageQuery,
  agentIds: AgentIds,
  { part, inCommands, deadline }: { part: Part; inCommands: readonly Found[]; deadline: number },
): Promise<{ matches: Found[]; searchedAfter: number }> {
  const known = new Map(inCommands.map(({ row, command }) => [row, command]));
  const wanted = new Map<number, StoredCommand | null>();
  const { q = '', ...filters } = query;
  const filter = createFilter(filters, agentIds, WITHOUT_INDEX);

  function findWanted(row: number): StoredCommand | null {
    const seen = wanted.get(row);
    if (seen !== undefined) return seen;
    const command =
      db
        .select(storedColumns)
        .from(commands)
        .where(and(eq(commands.row, row), filter))
        .get() ?? null;
    wanted.set(row, command);
    return command;
  }

  // What comes after a whole page is not needed.
  const after =
    inCommands.length === query.limit ? (inCommands.at(-1)?.row ?? part.after) : part.after;
  const matches: Found[] = [];
  let pausedAt = performance.now();
  let current = part.upTo + 1;
  const candidates = findInOutput(
    db,
    q,
    { after, upTo: part.upTo },
    (row) => !known.has(row) && findWanted(row) !== null,
  );
  for (const { commandRow, line } of candidates) {
    const now = performance.now();
    if (now > deadline && commandRow < current && current <= part.upTo) {
      return { matches, searchedAfter: commandRow };
    }
    current = commandRow;
    const command = line === null ? null : findWanted(commandRow);
    if (command) matches.push({ row: commandRow, command, line });
    if (matches.length === query.limit) break;
    if (now - pausedAt < PART_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    pausedAt = performance.now();
  }
  return { matches, searchedAfter: part.after };
}

/** The cursor of a page that begins at a row. */
function findCursor(db: Db, upTo: number): string | null {
  const next = db
    .select({ id: commands.id })
    .from(commands)
    .where(gt(commands.row, upTo))
    .orderBy(commands.row)
    .limit(1);
  return next.get()?.id ?? null;
}

function addRows(db: Db, stored: readonly StoredCommand[]): Found[] {
  const ids = stored.map(({ id }) => id);
  return db
    .select(foundColumns)
    .from(commands)
    .where(inArray(commands.id, ids))
    .orderBy(desc(commands.row))
    .all()
    .map((command) => toFound(command));
}
