// The composer on an agent's page: keeps drafts, and shows what the agent accepts.
import { isTyping } from './approval-cards.ts';
import { readStored, writeStored } from './page-storage.ts';
import { readUserId } from './page-user.ts';

/** The keys that move the focus to the field, which receives them too, except for "/". Digits answer approval requests. */
const STARTS_TEXT = /^[^\s\d]$/u;
/** A command was accepted. */
const SENT = 'signalbox:sent';

/** Makes the composer work. Does nothing on pages without one. */
export function initComposer(page: Document): void {
  const form = page.getElementById('composer');
  if (!form) return;
  const draftName = `draft:${readUserId(page)}:${location.pathname}`;
  /** The request that was submitted last, until it is accepted. */
  let sent: { requestId: string; text: string } | null = null;

  const findField = () => {
    const field = page.getElementById('command');
    return field instanceof HTMLTextAreaElement ? field : null;
  };

  /** The server renders another ID once it has accepted the command. */
  const findRequestId = () => {
    const input = page.getElementById('composer-request');
    return input instanceof HTMLInputElement ? input.value : '';
  };

  function showPlaceholder(): void {
    const field = findField();
    const text = page.getElementById('composer-hint')?.dataset['placeholder'];
    if (field && text !== undefined && field.placeholder !== text) field.placeholder = text;
  }

  const empty = findField();
  if (empty?.value === '') empty.value = readStored(draftName) ?? '';
  showPlaceholder();

  form.addEventListener('input', (event) => {
    if (event.target === findField()) writeStored(draftName, findField()?.value ?? null);
  });
  form.addEventListener('submit', () => {
    sent = { requestId: findRequestId(), text: findField()?.value ?? '' };
  });
  page.addEventListener('htmx:after:swap', () => {
    showPlaceholder();
    if (!sent || findRequestId() === sent.requestId) return;
    const field = findField();
    if (field) removeSent(field, sent.text);
    sent = null;
    page.dispatchEvent(new Event(SENT));
  });
  page.addEventListener('keydown', (event) => {
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    if (event.defaultPrevented || hasModifier || isTyping(page)) return;
    if (!STARTS_TEXT.test(event.key)) return;
    const isButton = page.activeElement?.matches('button, a, summary, [role=listbox]') ?? false;
    if (event.key !== '/' && isButton) return;
    if (event.key === '/') event.preventDefault();
    findField()?.focus();
  });
}

/** Removes the text that was sent, and keeps what the user has typed since. */
function removeSent(field: HTMLTextAreaElement, text: string): void {
  if (!field.value.startsWith(text)) return;
  field.setRangeText('', 0, text.length, 'preserve');
  // The draft, the completions and the history see it as if the user had deleted it.
  field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'deleteContent' }));
}
