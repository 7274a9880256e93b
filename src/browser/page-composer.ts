// The composer on an agent's page: keeps drafts, and shows what the agent accepts.
import { isTyping } from './approval-cards.ts';
import { readStored, writeStored } from './page-storage.ts';

/** A command was accepted. */
const SENT = 'signalbox:sent';

/** Makes the composer work. Does nothing on pages without one. */
export function initComposer(page: Document): void {
  const form = page.getElementById('composer');
  if (!form) return;
  const draftName = `draft:${location.pathname}`;
  /** Whether a command is being sent. */
  let isSending = false;

  const findField = () => {
    const field = page.getElementById('command');
    return field instanceof HTMLTextAreaElement ? field : null;
  };

  function showPlaceholder(): void {
    const field = findField();
    const text = page.getElementById('composer-hint')?.dataset['placeholder'];
    if (field && text !== undefined && field.placeholder !== text) field.placeholder = text;
  }

  const field = findField();
  if (field?.value === '') field.value = readStored(draftName) ?? '';
  showPlaceholder();

  form.addEventListener('input', (event) => {
    if (event.target === findField()) writeStored(draftName, findField()?.value ?? null);
  });
  form.addEventListener('submit', () => {
    isSending = true;
  });
  page.addEventListener('htmx:after:swap', () => {
    showPlaceholder();
    // The server renders the field again, empty, once it has accepted the command.
    if (!isSending || findField()?.value !== '') return;
    isSending = false;
    writeStored(draftName, null);
    page.dispatchEvent(new Event(SENT));
  });
  page.addEventListener('keydown', (event) => {
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    if (event.key !== '/' || hasModifier || isTyping(page)) return;
    event.preventDefault();
    findField()?.focus();
  });
}
