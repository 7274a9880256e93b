// Keyboard shortcuts for approval requests: 1 to 9 choose an option on the focused card, or on the first card if none is
// focused; j and k move between cards.

/** The fields of a KeyboardEvent that decide what it does. */
export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  repeat: boolean;
  isComposing: boolean;
}

/** The approval cards on the page at the time of the key press. */
export interface CardFocus {
  cardCount: number;
  /** Index of the focused card. */
  focusedCard: number | null;
  /** Whether the key goes to a text field or a dialog. */
  isTyping: boolean;
}

export type ShortcutAction =
  | { kind: 'respond'; card: number; option: number }
  | { kind: 'focus'; card: number };

/** Returns the action for a key press, or null if the key is not a shortcut. */
export function matchShortcut(
  press: KeyPress,
  { cardCount, focusedCard, isTyping }: CardFocus,
): ShortcutAction | null {
  if (isTyping || cardCount === 0 || press.isComposing) return null;
  if (press.ctrlKey || press.metaKey || press.altKey) return null;
  const card = focusedCard ?? 0;
  if (press.key === 'j') return { kind: 'focus', card: Math.min(cardCount - 1, card + 1) };
  if (press.key === 'k') return { kind: 'focus', card: Math.max(0, card - 1) };
  // Holding a key down must not respond to the next requests too.
  if (!/^[1-9]$/.test(press.key) || press.repeat) return null;
  return { kind: 'respond', card, option: Number(press.key) - 1 };
}

/**
 * Whether cards have changed position, so that a response aimed at one card could hit another. Cards added at the end
 * do not count.
 */
export function haveCardsShifted(before: readonly string[], after: readonly string[]): boolean {
  if (after.length === 0) return false;
  return before.length === 0 || !before.every((id, index) => after[index] === id);
}
