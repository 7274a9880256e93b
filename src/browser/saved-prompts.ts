// The dialog of saved prompts (views/components/prompts-dialog.tsx): inserts a prompt into the composer, and passes the
// text of the composer to the form that saves it.

/** The composer's field. htmx may replace it at any time. */
function findField(page: Document): HTMLTextAreaElement | null {
  const field = page.getElementById('command');
  return field instanceof HTMLTextAreaElement ? field : null;
}

/** Inserts a prompt at the caret, or replaces the selection. The field's draft and history see it as typed text. */
function insert(field: HTMLTextAreaElement, text: string): void {
  const { selectionStart, selectionEnd } = field;
  field.focus();
  field.setRangeText(text, selectionStart, selectionEnd, 'end');
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

export function initSavedPrompts(page: Document): void {
  page.addEventListener('htmx:after:swap', () => {
    const text = findField(page)?.value ?? '';
    for (const input of page.querySelectorAll<HTMLInputElement>('[data-composer-text]')) {
      input.value = text;
      // An empty text cannot be saved.
      const form = input.closest('form');
      if (form) form.hidden = text.trim() === '';
    }
  });
  page.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const button = target?.closest('[data-insert-prompt]');
    const template = button?.parentElement?.querySelector('template[data-prompt-text]');
    const field = findField(page);
    if (!(template instanceof HTMLTemplateElement) || !field) return;
    button?.closest('dialog')?.close();
    insert(field, template.content.textContent ?? '');
  });
}
