// Ranks paths for a search, as editors do when they open a file by name.

/**
 * Returns how well a path matches: lower is better, null if it does not. A name that begins with the search comes first,
 * then a name that contains it, then a path that contains it, then a path with its characters in this order.
 * @param query in lower case
 */
export function scorePath(path: string, query: string): number | null {
  if (query === '') return depthOf(path);
  const text = path.toLowerCase();
  const name = text.slice(text.lastIndexOf('/') + 1);
  const kind = kindOf(text, name, query);
  return kind === null
    ? null
    : kind * 100_000 + Math.min(depthOf(path) * 1_000 + path.length, 99_999);
}

function kindOf(text: string, name: string, query: string): number | null {
  if (text === query) return 0;
  if (name.startsWith(query) || text.startsWith(query)) return 1;
  if (name.includes(query)) return 2;
  if (text.includes(query)) return 3;
  let at = -1;
  for (const character of query) {
    at = text.indexOf(character, at + 1);
    if (at < 0) return null;
  }
  return 4;
}

function depthOf(path: string): number {
  return path.split('/').length;
}

/** Returns the paths that match a search, the best match first. */
export function rankPaths(paths: readonly string[], query: string): string[] {
  const search = query.toLowerCase();
  return paths
    .map((path) => ({ path, score: scorePath(path, search) }))
    .filter((one): one is { path: string; score: number } => one.score !== null)
    .toSorted((a, b) => a.score - b.score || (a.path < b.path ? -1 : 1))
    .map(({ path }) => path);
}
