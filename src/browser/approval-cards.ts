// The open questions on this page: keys, focus, and a moment's protection from answering the wrong one.
import type { Clock } from '../protocol/clock.ts';
import { actionOf, haveMoved } from './approval-shortcuts.ts';

/** After questions have moved under the hand, a click or a key counts again when there was time to see it. */
const SIGHT_MS = 400;

/** Makes the questions answerable by keyboard. */
export function runApprovals(clock: Clock, page: Document): void {
  let ids = idsOf(cardsOf(page));
  let movedAt = 0;
  /** The question that had the focus last, and where it stood: its card may leave together with the focus. */
  let held: { id: string; index: number } | null = null;

  function current(cards: HTMLElement[]): number | null {
    const index = cards.findIndex((card) => card.contains(page.activeElement));
    if (index >= 0) return index;
    const heldAt = isNowhere(page) ? cards.findIndex((card) => idOf(card) === held?.id) : -1;
    return heldAt >= 0 ? heldAt : null;
  }

  page.addEventListener('focusin', () => {
    const cards = cardsOf(page);
    const index = cards.findIndex((card) => card.contains(page.activeElement));
    const card = cards[index];
    held = card ? { id: idOf(card), index } : null;
  });

  page.addEventListener('keydown', (event) => {
    const cards = cardsOf(page);
    const situation = { cards: cards.length, current: current(cards), typing: isTyping(page) };
    const action = actionOf(event, situation);
    const card = action ? cards[action.card] : undefined;
    if (!action || !card) return;
    if (action.kind === 'focus') {
      event.preventDefault();
      focusOn(card);
      return;
    }
    const options = card.querySelectorAll<HTMLButtonElement>('button[name=optionId]');
    const option = options[action.option];
    if (!option) return;
    event.preventDefault();
    option.click();
  });

  page.addEventListener(
    'click',
    (event) => {
      const isOnCard = event.target instanceof Element && event.target.closest('[data-approval]');
      if (!isOnCard || clock.now() - movedAt >= SIGHT_MS) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true },
  );

  page.addEventListener('htmx:after:swap', () => {
    const cards = cardsOf(page);
    const now = idsOf(cards);
    if (haveMoved(ids, now)) movedAt = clock.now();
    ids = now;
    // Whoever answers by keyboard goes on with the next one.
    const next = held && !now.includes(held.id) && isNowhere(page) ? cards[held.index] : undefined;
    const after = next ?? (held && isNowhere(page) && !now.includes(held.id) ? cards.at(-1) : null);
    if (after) focusOn(after);
  });
}

/** The card of a question, where this page has it. */
export function findCard(page: Document, approvalId: string): HTMLElement | null {
  return cardsOf(page).find((card) => idOf(card) === approvalId) ?? null;
}

/** Shows on the page that a question has its answer, until the server takes it away. Tells whether it was there. */
export function markAnswered(page: Document, approvalId: string, words: string): boolean {
  const card = findCard(page, approvalId);
  const place = card?.querySelector('.approval-options');
  if (!card || !place) return false;
  card.classList.add('approval-answered');
  place.replaceChildren(words);
  return true;
}

function focusOn(card: HTMLElement): void {
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: 'nearest' });
}

function cardsOf(page: Document): HTMLElement[] {
  return [...page.querySelectorAll<HTMLElement>('[data-approval]')];
}

function idOf(card: HTMLElement): string {
  return card.dataset['approval'] ?? '';
}

function idsOf(cards: HTMLElement[]): string[] {
  return cards.map(idOf);
}

function isNowhere(page: Document): boolean {
  return page.activeElement === null || page.activeElement === page.body;
}

/** Whether a key that is pressed now belongs to something that takes text, or to an open dialog. */
function isTyping(page: Document): boolean {
  if (page.querySelector('dialog[open]')) return true;
  const field = page.activeElement;
  if (!(field instanceof HTMLElement)) return false;
  return field.isContentEditable || field.matches('input, textarea, select');
}
