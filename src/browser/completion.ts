// Completion of slash commands, and of files after `@`: what matches, how it is inserted, and what each key does.

/** A slash command is recognized only at the start of the text (docs/protocol.md, "Agents"). */
const PREFIX = /^\/[\w:-]*$/;

/**
 * Returns the commands that match the text before the caret: those that start with it first, then those that contain it.
 * Returns none if the text is not an incomplete slash command.
 */
export function matchCompletions(text: string, caret: number, names: readonly string[]): string[] {
  const prefix = text.slice(0, caret).toLowerCase();
  if (!PREFIX.test(prefix)) return [];
  const starting = names.filter((name) => name.toLowerCase().startsWith(prefix));
  const containing = names.filter(
    (name) => !starting.includes(name) && name.toLowerCase().includes(prefix.slice(1)),
  );
  const matches = [...starting, ...containing];
  return matches.length === 1 && matches[0] === prefix ? [] : matches;
}

/** Replaces the command at the start of the text with `name`. Puts the caret after the space that follows it. */
export function applyCompletion(
  text: string,
  caret: number,
  name: string,
): { text: string; caret: number } {
  const rest = text.slice(caret).replace(/^[\w:-]*/, '');
  return { text: name + (/^\s/.test(rest) ? rest : ` ${rest}`), caret: name.length + 1 };
}

/** A reference to a file begins the text, or follows a space or a line break. */
const FILE_REFERENCE = /(?:^|\s)@([^\s@]*)$/;

/** Returns what was typed after the `@` before the caret; null if there is no reference to a file. */
export function matchFileQuery(text: string, caret: number): string | null {
  return FILE_REFERENCE.exec(text.slice(0, caret))?.[1] ?? null;
}

/** Replaces the reference before the caret with a file. Puts the caret after the space that follows it. */
export function applyFile(
  text: string,
  caret: number,
  path: string,
): { text: string; caret: number } {
  const query = matchFileQuery(text, caret) ?? '';
  const before = text.slice(0, caret - query.length - 1);
  const rest = text.slice(caret).replace(/^[^\s@]+/, '');
  const reference = formatReference(text, path);
  return {
    text: before + reference + (/^\s/.test(rest) ? rest : ` ${rest}`),
    caret: before.length + reference.length + 1,
  };
}

/** AI programs read `@path`; a shell reads the path, in quotes if it contains special characters. */
function formatReference(text: string, path: string): string {
  if (text.startsWith('!')) {
    return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
  }
  return /\s/.test(path) ? `@"${path}"` : `@${path}`;
}

export type CompletionAction =
  | { kind: 'select'; index: number }
  | { kind: 'accept' }
  | { kind: 'close' };

/** Returns what a key does in a list of `length` items with `index` selected, or null if the text field handles it. */
export function matchCompletionKey(
  { key, hasModifier }: { key: string; hasModifier: boolean },
  index: number,
  length: number,
): CompletionAction | null {
  if (hasModifier || length === 0) return null;
  switch (key) {
    case 'ArrowDown':
      return { kind: 'select', index: (index + 1) % length };
    case 'ArrowUp':
      return { kind: 'select', index: (index - 1 + length) % length };
    case 'Enter':
    case 'Tab':
      return { kind: 'accept' };
    case 'Escape':
      return { kind: 'close' };
    default:
      return null;
  }
}
