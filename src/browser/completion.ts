// Which slash commands fit what has been written, and what becomes of the text when one is taken.

/** A slash command is one only at the very beginning (protocol.md, "Agents"). */
const BEGUN = /^\/[\w:-]*$/;

/**
 * The names that fit the text before the caret: first those that begin like it, then those that have it in them.
 * None where a slash command is not being written, or has been written out.
 */
export function offersFor(text: string, caret: number, names: readonly string[]): string[] {
  const begun = text.slice(0, caret).toLowerCase();
  if (!BEGUN.test(begun)) return [];
  const beginning = names.filter((name) => name.toLowerCase().startsWith(begun));
  const within = names.filter(
    (name) => !beginning.includes(name) && name.toLowerCase().includes(begun.slice(1)),
  );
  const offers = [...beginning, ...within];
  return offers.length === 1 && offers[0] === begun ? [] : offers;
}

/** The text with the name in place of what was begun, and where the caret goes: behind the space after it. */
export function complete(
  text: string,
  caret: number,
  name: string,
): { text: string; caret: number } {
  const rest = text.slice(caret).replace(/^[\w:-]*/, '');
  return { text: name + (/^\s/.test(rest) ? rest : ` ${rest}`), caret: name.length + 1 };
}

export type ListAction = { kind: 'choose'; index: number } | { kind: 'take' } | { kind: 'close' };

/** What a key does while `length` names are offered and the one at `index` is marked; null: the field has it. */
export function listActionOf(
  { key, hasModifier }: { key: string; hasModifier: boolean },
  index: number,
  length: number,
): ListAction | null {
  if (hasModifier || length === 0) return null;
  switch (key) {
    case 'ArrowDown':
      return { kind: 'choose', index: (index + 1) % length };
    case 'ArrowUp':
      return { kind: 'choose', index: (index - 1 + length) % length };
    case 'Enter':
    case 'Tab':
      return { kind: 'take' };
    case 'Escape':
      return { kind: 'close' };
    default:
      return null;
  }
}
