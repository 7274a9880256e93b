// Approval cards on the page: keyboard shortcuts, focus, and protection against responding to the wrong request.
import type { Clock } from '../protocol/clock.ts';
import { haveCardsShifted, matchShortcut } from './approval-shortcuts.ts';

const CARD_REMOVED = 'signalbox:card-removed';
/** How long clicks on cards are ignored after the cards have shifted. */
const SHIFT_GUARD_MS = 400;

/** Enables keyboard control of the approval cards and guards them against misdirected clicks. */
export function initApprovalCards(clock: Clock, page: Document): void {
  let ids = getIds(findCards(page));
  let shiftedAt = 0;
  /** The card that last had the focus. An update can remove the card, and with it the focus. */
  let lastFocused: { id: string; index: number } | null = null;

  function findFocused(cards: HTMLElement[]): number | null {
    let index = cards.findIndex((card) => card.contains(page.activeElement));
    if (index < 0 && !hasFocus(page)) {
      index = cards.findIndex((card) => getId(card) === lastFocused?.id);
    }
    return index < 0 ? null : index;
  }

  page.addEventListener('focusin', () => {
    const cards = findCards(page);
    const index = cards.findIndex((card) => card.contains(page.activeElement));
    const card = cards[index];
    lastFocused = card ? { id: getId(card), index } : null;
  });

  page.addEventListener('keydown', (event) => {
    const cards = findCards(page);
    const action = matchShortcut(event, {
      cardCount: cards.length,
      focusedCard: findFocused(cards),
      isTyping: isTyping(page),
    });
    const card = action ? cards[action.card] : undefined;
    if (!action || !card) return;
    if (action.kind === 'focus') {
      event.preventDefault();
      focusCard(card);
      return;
    }
    const buttons = card.querySelectorAll<HTMLButtonElement>('button[name=optionId]');
    const button = buttons[action.option];
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  // A folded card opens while it has the focus. Safari does not focus buttons that are clicked.
  page.addEventListener('click', (event) => {
    if (!(event.target instanceof Element) || !event.target.closest('[data-open-approval]')) return;
    const card = event.target.closest<HTMLElement>('[data-approval]');
    if (card) focusCard(card);
  });
  page.addEventListener(
    'click',
    (event) => {
      const isOnCard = event.target instanceof Element && event.target.closest('[data-approval]');
      if (!isOnCard || clock.now() - shiftedAt >= SHIFT_GUARD_MS) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true },
  );

  const handleChange = () => {
    const cards = findCards(page);
    const newIds = getIds(cards);
    if (haveCardsShifted(ids, newIds)) shiftedAt = clock.now();
    ids = newIds;
    // Keyboard users continue with the card that took the place of the removed one.
    if (!lastFocused || newIds.includes(lastFocused.id) || hasFocus(page)) return;
    const next = cards[lastFocused.index] ?? cards.at(-1);
    if (next) focusCard(next);
  };
  page.addEventListener('htmx:after:swap', handleChange);
  page.addEventListener(CARD_REMOVED, handleChange);
}

/** Returns the card of an approval request, or null if it is not on this page. */
export function findCard(page: Document, approvalId: string): HTMLElement | null {
  return findCards(page).find((card) => getId(card) === approvalId) ?? null;
}

/**
 * Replaces a card's options with the outcome until the server removes the card. Returns false if the card is not on this
 * page.
 */
export function markResolved(page: Document, approvalId: string, outcome: string): boolean {
  const card = findCard(page, approvalId);
  const options = card?.querySelector('.approval-options');
  if (!card || !options) return false;
  card.classList.add('approval-resolved');
  options.replaceChildren(outcome);
  return true;
}

/** Removes a card immediately, because its request has been resolved. Returns false if it is not on this page. */
export function removeCard(page: Document, approvalId: string): boolean {
  const card = findCard(page, approvalId);
  if (!card) return false;
  const list = card.parentElement;
  card.remove();
  if (list?.childElementCount === 0) list.remove();
  page.dispatchEvent(new Event(CARD_REMOVED));
  return true;
}

function focusCard(card: HTMLElement): void {
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: 'nearest' });
}

function findCards(page: Document): HTMLElement[] {
  return [...page.querySelectorAll<HTMLElement>('[data-approval]')];
}

function getId(card: HTMLElement): string {
  return card.dataset['approval'] ?? '';
}

function getIds(cards: HTMLElement[]): string[] {
  return cards.map(getId);
}

/** Whether any element has the focus. */
function hasFocus(page: Document): boolean {
  return page.activeElement !== null && page.activeElement !== page.body;
}

/** Whether keys go to a text field or an open dialog. */
export function isTyping(page: Document): boolean {
  if (page.querySelector('dialog[open]')) return true;
  const field = page.activeElement;
  if (!(field instanceof HTMLElement)) return false;
  return field.isContentEditable || field.matches('input, textarea, select');
}
