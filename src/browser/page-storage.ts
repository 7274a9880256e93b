// Texts that the browser keeps for this page. Browsers may forbid storage, and then nothing is kept.

/** Returns what is kept under a name; null if there is nothing. */
export function readStored(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text; null or an empty one removes what is kept. */
export function writeStored(name: string, text: string | null): void {
  try {
    if (text === null || text === '') localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // Full, or forbidden.
  }
}
