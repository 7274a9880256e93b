// Asks the hub for the files of an agent's folder, at most once per pause in typing.
import { Value } from '@sinclair/typebox/value';
import { FileMatches } from '../protocol/api.ts';
import type { Clock } from '../protocol/clock.ts';

/** How long the user must pause. */
const PAUSE_MS = 80;

/** Creates the search. Only the result of the latest search is reported; one that fails has no files. */
export function createFileSearch(clock: Clock, fetchFiles = fetchMatches) {
  let cancelLast = () => {};
  return (agentId: string, query: string, onFiles: (files: string[]) => void): void => {
    cancelLast();
    const controller = new AbortController();
    const cancelPause = clock.after(PAUSE_MS, () => {
      void fetchFiles(agentId, query, controller.signal)
        .catch(() => [])
        .then((files) => {
          if (!controller.signal.aborted) onFiles(files);
        });
    });
    cancelLast = () => {
      cancelPause();
      controller.abort();
    };
  };
}

/** @throws if the hub cannot be reached or rejects the request */
async function fetchMatches(
  agentId: string,
  query: string,
  signal: AbortSignal,
): Promise<string[]> {
  const parameters = new URLSearchParams({ q: query });
  const url = `/api/v1/agents/${encodeURIComponent(agentId)}/files?${parameters}`;
  const response = await fetch(url, { headers: { accept: 'application/json' }, signal });
  const matches: unknown = response.ok ? await response.json() : null;
  return Value.Check(FileMatches, matches) ? matches.items : [];
}
