// What forms need beyond htmx: sending by keyboard, dialogs that the server fills, copying, and a word when a request fails.

/** Ctrl or ⌘ with Enter sends the form it is pressed in. */
function sendOnEnter(event: KeyboardEvent): void {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  if (!(event.target instanceof HTMLTextAreaElement)) return;
  if (!event.target.matches('[data-send-on-enter]')) return;
  event.preventDefault();
  event.target.form?.requestSubmit();
}

/**
 * The dialog opens when the server has put something into it, and is empty again when it closes.
 * One that shows what is shown only once closes by its buttons alone, not by a stray click or Escape.
 */
function runDialog(dialog: HTMLDialogElement, body: HTMLElement): void {
  const mustStay = () => body.querySelector('[data-keep-dialog]') !== null;
  document.addEventListener('htmx:after:swap', () => {
    if (body.childElementCount > 0 && !dialog.open) dialog.showModal();
  });
  dialog.addEventListener('close', () => body.replaceChildren());
  dialog.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : dialog;
    const beside = target === dialog && !mustStay();
    if (beside || target.closest('[data-close-dialog]')) dialog.close();
  });
  dialog.addEventListener('cancel', (event) => {
    if (mustStay()) event.preventDefault();
  });
}

/** Copies the text of the element that a button names. */
async function copy(event: MouseEvent): Promise<void> {
  if (!(event.target instanceof Element)) return;
  const button = event.target.closest<HTMLElement>('[data-copy]');
  const source = document.getElementById(button?.dataset['copy'] ?? '');
  if (!button || !source) return;
  const word = button.querySelector('[data-copy-word]');
  const done = await putOnClipboard(source);
  if (word) word.textContent = done ? 'Copied' : 'Press Ctrl+C';
}

/** Without HTTPS there is no clipboard: then the text is selected, and copied the old way. */
async function putOnClipboard(source: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection()?.selectAllChildren(source);
    return document.execCommand('copy');
  }
}

/** A form that did not get through says so where its answer would have been; what was written stays. */
function tellFailure(event: Event): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement)) return;
  const place =
    document.querySelector(`[data-note-for="${CSS.escape(form.id)}"]`) ??
    document.getElementById('notices');
  const note = document.createElement('p');
  note.className = 'notice notice-refused';
  note.role = 'alert';
  note.textContent = 'The hub did not answer. Nothing is lost here: try again in a moment.';
  place?.replaceChildren(note);
}

/** Whether an answer was the hub's own: it speaks in 4xx; 5xx is a breakdown. */
function isBreakdown(event: Event): boolean {
  if (!(event instanceof CustomEvent)) return false;
  const status: unknown = event.detail?.ctx?.response?.status;
  return typeof status === 'number' && status >= 500;
}

/** Starts all of it. */
export function helpForms(): void {
  document.addEventListener('keydown', sendOnEnter);
  document.addEventListener('click', (event) => void copy(event));
  document.addEventListener('htmx:error', tellFailure);
  document.addEventListener('htmx:response:error', (event) => {
    if (isBreakdown(event)) tellFailure(event);
  });
  const dialog = document.getElementById('dialog');
  const body = document.getElementById('dialog-body');
  if (dialog instanceof HTMLDialogElement && body) runDialog(dialog, body);
}
