// Reads lists of commands from the API, a page at a time.
import { CommandPage, type CommandQuery } from '../protocol/api.ts';
import type { CommandExecution } from '../protocol/entities.ts';
import type { ApiClient } from './api-client.ts';

const PAGE_LENGTH = 200;

/** Lists the commands that match a query, newest first. */
export async function* listCommands(
  client: ApiClient,
  query: Pick<CommandQuery, 'status'> = {},
): AsyncGenerator<CommandExecution> {
  const parameters = new URLSearchParams({ ...query, limit: String(PAGE_LENGTH) });
  for (;;) {
    const { items, nextCursor } = await client.get(`/commands?${parameters}`, CommandPage);
    yield* items;
    if (nextCursor === null) return;
    parameters.set('cursor', nextCursor);
  }
}
