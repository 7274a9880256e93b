// Searches in the history of a hub, and the latency of other requests meanwhile.
import { median, percentile } from './statistics.ts';

/** Requests start at this interval, whether earlier ones have been answered or not. */
const REQUEST_INTERVAL_MS = 8;
/** The hub limits the requests of a user. */
const SEARCH_INTERVAL_MS = 20;

/** The median of so many searches counts. */
const SEARCHES = 5;

/** A text with trigrams that no command has, a different one each time. */
export const createUnknownText = (i: number) => `nowhere-to-be-found-${i}`;

/** Searches several times, and returns the median time in milliseconds. @param matches the commands that are found */
export async function measureSearches(
  url: string,
  headers: Record<string, string>,
  createText: (i: number) => string,
  matches = 0,
): Promise<number> {
  const times: number[] = [];
  while (times.length < SEARCHES)
    times.push(await search(url, headers, createText(times.length), matches));
  return median(times);
}

/** Searches for a text that this many commands contain. Returns the time in milliseconds. */
async function search(
  url: string,
  headers: Record<string, string>,
  text: string,
  matches: number,
): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/api/v1/commands?q=${encodeURIComponent(text)}`, { headers });
  const { items } = (await response.json()) as { items: unknown[] };
  if (items.length !== matches) throw new Error(`The search has ${items.length} matches.`);
  return performance.now() - startedAt;
}

/**
 * Sends this many requests at a fixed interval, and searches one after the other meanwhile. Returns the p99 of their
 * latency in milliseconds.
 */
export async function measureRequests(
  url: string,
  headers: Record<string, string>,
  requests: number,
  createText: ((i: number) => string) | null,
): Promise<number> {
  const { items } = (await (await fetch(`${url}/api/v1/commands?limit=1`, { headers })).json()) as {
    items: { id: string }[];
  };
  const paths = ['agents', 'commands', `commands/${items[0]?.id}`, 'approvals'];
  const latencies: Promise<number>[] = [];
  const timer = setInterval(() => {
    const path = paths[latencies.length % paths.length] ?? '';
    latencies.push(request(`${url}/api/v1/${path}`, headers));
  }, REQUEST_INTERVAL_MS);
  for (let i = 0; latencies.length < requests; i += 1) {
    const searchMs = createText ? await search(url, headers, createText(i), 0) : 0;
    await Bun.sleep(SEARCH_INTERVAL_MS - searchMs);
  }
  clearInterval(timer);
  return percentile(await Promise.all(latencies), 0.99);
}

async function request(url: string, headers: Record<string, string>): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`The hub responded with ${response.status}.`);
  await response.text();
  return performance.now() - startedAt;
}
