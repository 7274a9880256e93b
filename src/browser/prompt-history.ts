// What this user has sent to an agent, for the arrow keys in the empty field.

/** The number of texts that are kept. */
const LENGTH = 100;

export interface PromptStorage {
  read(): string[];
  write(texts: string[]): void;
}

/** Creates the history. The newest text is the last one. */
export function createPromptHistory(storage: PromptStorage) {
  /** The position of the text that the field shows; null while it shows none of them. */
  let at: number | null = null;

  return {
    add(text: string): void {
      at = null;
      storage.write([...storage.read().filter((one) => one !== text), text].slice(-LENGTH));
    },
    /**
     * Returns the text before or after the one that the field shows, '' after the last one; null if there is none, or if
     * the user has changed the text.
     */
    move(direction: 'back' | 'forward', shown: string): string | null {
      const texts = storage.read();
      const isUnchanged = at !== null && texts[at] === shown;
      if (shown !== '' && !isUnchanged) return null;
      const current = isUnchanged && at !== null ? at : texts.length;
      const next = direction === 'back' ? current - 1 : current + 1;
      if (next < 0 || next > texts.length || (shown === '' && direction === 'forward')) return null;
      at = next === texts.length ? null : next;
      return texts[next] ?? '';
    },
  };
}
