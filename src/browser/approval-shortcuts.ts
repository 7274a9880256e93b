// Answering by keyboard: 1 to 9 choose an answer of the question in focus, or of the first; j and k go through them.

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  repeat: boolean;
  isComposing: boolean;
}

/** What is on the page when a key is pressed. */
export interface Situation {
  /** How many questions are open here. */
  cards: number;
  /** Which of them has the focus. */
  current: number | null;
  /** Whether the key belongs to a field, or to a dialog. */
  typing: boolean;
}

export type KeyAction =
  | { kind: 'answer'; card: number; option: number }
  | { kind: 'focus'; card: number };

/** What a key does; null where it is not ours. */
export function actionOf(
  pressed: Pressed,
  { cards, current, typing }: Situation,
): KeyAction | null {
  if (typing || cards === 0 || pressed.isComposing) return null;
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  const at = current ?? 0;
  if (pressed.key === 'j') return { kind: 'focus', card: Math.min(cards - 1, at + 1) };
  if (pressed.key === 'k') return { kind: 'focus', card: Math.max(0, at - 1) };
  // A key that is held down answers once.
  if (!/^[1-9]$/.test(pressed.key) || pressed.repeat) return null;
  return { kind: 'answer', card: at, option: Number(pressed.key) - 1 };
}

/** Whether questions have moved on the page: an answer aimed at one could hit another. New ones below move nothing. */
export function haveMoved(before: readonly string[], after: readonly string[]): boolean {
  if (after.length === 0) return false;
  return before.length === 0 || !before.every((id, index) => after[index] === id);
}
