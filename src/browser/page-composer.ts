// The composer on an agent's page: keeps drafts, recalls what was sent, and shows what the agent accepts.
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { isTyping } from './approval-cards.ts';
import { createPromptHistory } from './prompt-history.ts';
import { readStored, writeStored } from './page-storage.ts';

/** A command was accepted. */
const SENT = 'signalbox:sent';
const Texts = Type.Array(Type.String());

/** Makes the composer work. Does nothing on pages without one. */
export function initComposer(page: Document): void {
  const form = page.getElementById('composer');
  if (!form) return;
  const draftName = `draft:${location.pathname}`;
  const historyName = `sent:${location.pathname}`;
  const history = createPromptHistory({
    read: () => parseTexts(readStored(historyName)),
    write: (texts) => writeStored(historyName, JSON.stringify(texts)),
  });
  /** The text of the request that is being sent. */
  let sending: string | null = null;

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
    sending = findField()?.value ?? null;
  });
  page.addEventListener('htmx:after:swap', () => {
    showPlaceholder();
    // The server renders the field again, empty, once it has accepted the command.
    if (sending === null || findField()?.value !== '') return;
    history.add(sending);
    sending = null;
    writeStored(draftName, null);
    page.dispatchEvent(new Event(SENT));
  });
  page.addEventListener('keydown', (event) => {
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    if (event.key !== '/' || hasModifier || isTyping(page)) return;
    event.preventDefault();
    findField()?.focus();
  });
  form.addEventListener('keydown', (event) => {
    const current = findField();
    if (!current || event.target !== current || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    const text = history.move(event.key === 'ArrowUp' ? 'back' : 'forward', current.value);
    if (text === null) return;
    event.preventDefault();
    current.value = text;
    current.setSelectionRange(text.length, text.length);
    writeStored(draftName, text);
  });
}

function parseTexts(text: string | null): string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Value.Check(Texts, value) ? value : [];
  } catch {
    return [];
  }
}
