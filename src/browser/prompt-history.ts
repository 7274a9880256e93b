// What the user sent, on all devices: the composer recalls it with ↑ and ↓.
import { Value } from '@sinclair/typebox/value';
import { PromptHistory } from '../protocol/prompts.ts';

/** A list is fetched again after this time, to include what was sent elsewhere. */
const FRESH_MS = 60_000;

/**
 * Fetches what the user sent, the latest first, without repetitions.
 * @throws if the hub cannot be reached or rejects the request
 */
export async function fetchPromptHistory(): Promise<string[]> {
  const headers = { accept: 'application/json' };
  const response = await fetch('/api/v1/prompts/history', { headers });
  const history: unknown = response.ok ? await response.json() : null;
  if (Value.Check(PromptHistory, history)) return history.items;
  throw new Error(`The hub responded with HTTP ${response.status}.`);
}

/** Creates a position in the history. Without the hub, it has what was added on this page. */
export function createPromptHistory(now: () => number, fetchHistory = fetchPromptHistory) {
  /** Sent from this page, the latest first. */
  let added: string[] = [];
  let fetched: string[] = [];
  let fetchedAt: number | null = null;
  /** -1: the text that the user has not sent. */
  let index = -1;
  let draft = '';

  const list = () => [...new Set([...added, ...fetched])];

  async function load(): Promise<void> {
    if (fetchedAt !== null && now() - fetchedAt < FRESH_MS) return;
    fetchedAt = now();
    try {
      fetched = await fetchHistory();
      added = [];
    } catch {
      // The next key tries again.
      fetchedAt = null;
    }
  }

  return {
    /** Remembers what was sent, and starts at the end again. */
    add(text: string): void {
      added = [text, ...added.filter((one) => one !== text)];
      index = -1;
    },
    /** Returns to the text that is not sent. Call it when the user changes the text. */
    reset(): void {
      index = -1;
    },
    /**
     * Returns the text before the one that is shown; null if there is none.
     * @param current the text in the field
     */
    async older(current: string): Promise<string | null> {
      if (index < 0) {
        await load();
        draft = current;
      }
      const text = list()[index + 1];
      if (text === undefined) return null;
      index += 1;
      return text;
    },
    /** Returns the text after the one that is shown, at the end the one that was not sent; null if there is none. */
    newer(): string | null {
      if (index < 0) return null;
      index -= 1;
      return index < 0 ? draft : (list()[index] ?? null);
    },
  };
}
