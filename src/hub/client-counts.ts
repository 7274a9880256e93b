// How much of something each client does at once.

/** @param maximum how much each client may do at once */
export function createClientCounts(maximum: number) {
  const counts = new Map<string, number>();

  return {
    /** Counts a beginning. Returns false, and does not count it, above the maximum. */
    begin(client: string): boolean {
      const count = counts.get(client) ?? 0;
      if (count >= maximum) return false;
      counts.set(client, count + 1);
      return true;
    },
    /** Call it once for each counted beginning. */
    finish(client: string) {
      const count = (counts.get(client) ?? 0) - 1;
      if (count > 0) counts.set(client, count);
      else counts.delete(client);
    },
  };
}
