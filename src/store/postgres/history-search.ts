// Finds commands that contain a text, or whose output does, newest first. If few match, the search indexes find all of
// them at once. Otherwise, the history is read from its end, one part after the other. The same happens if an index does
// not answer soon: it finds what contains the same groups of three characters, and each of these has to be read.
import type { CommandPage } from '../../protocol/api.ts';
import type { StoredCommand } from '../store.ts';
import { searchCommands } from './command-search.ts';
import type { AgentIds } from './command-pages.ts';
import { isOneOf, type QueryContext } from './context.ts';
import { searchOutput } from './output-search.ts';
import { commands } from './schema.ts';
import type { Search, TextQuery } from './text-search.ts';

/** How long a search takes at most. The next page continues it. */
const SEARCH_MS = 3_000;

/** Returns a page of the commands of these agents; null for all agents. */
export function search(
  context: QueryContext,
  query: TextQuery,
  agentIds: AgentIds,
): Promise<CommandPage> {
  const { limit } = query;
  return context.search(async () => {
    const deadline = performance.now() + SEARCH_MS;
    const wanted: Search = { query: { ...query, limit: limit + 1 }, agentIds, deadline };
    const inCommands = await searchCommands(context, wanted);
    // What comes after a whole page is not needed.
    const last = inCommands.ids.length > limit ? (inCommands.ids.at(-1) ?? null) : null;
    const known = new Set(inCommands.ids);
    const from = last ?? inCommands.searchedTo;
    const inOutput = await searchOutput(context, wanted, { from, known });

    // Before this command, not everything has been searched.
    const searchedTo = [from, inOutput.searchedTo].reduce(later);
    const found = [...inCommands.ids, ...inOutput.lines.keys()]
      .filter((id) => searchedTo === null || id >= searchedTo)
      .toSorted((a, b) => (a < b ? 1 : -1));
    const ids = found.slice(0, limit);
    const nextCursor = found.length > limit ? (ids.at(-1) ?? null) : searchedTo;
    const items = await context.read((db) =>
      db.select().from(commands).where(isOneOf(commands.id, ids)),
    );
    return toPage(items, inOutput.lines, nextCursor);
  });
}

const later = (a: string | null, b: string | null): string | null =>
  a !== null && b !== null ? (a > b ? a : b) : (a ?? b);

function toPage(
  items: StoredCommand[],
  lines: ReadonlyMap<string, string>,
  nextCursor: string | null,
): CommandPage {
  const sorted = items.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  const found = sorted.flatMap(({ id }) => {
    const line = lines.get(id);
    return line === undefined ? [] : [[id, line]];
  });
  if (found.length === 0) return { items: sorted, nextCursor };
  return {
    items: sorted,
    nextCursor,
    outputLines: Object.fromEntries(found) as Record<string, string>,
  };
}
