// Form behavior that htmx does not provide: submitting with the keyboard, and a message when a request fails.
import { createNotice, reveal } from './notices.ts';

/** Submits the form on Ctrl+Enter or ⌘+Enter. */
function submitOnEnter(event: KeyboardEvent): void {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  if (!(event.target instanceof HTMLTextAreaElement)) return;
  if (!event.target.matches('[data-send-on-enter]')) return;
  event.preventDefault();
  event.target.form?.requestSubmit();
}

/** Shows the failure where the response would have appeared. The form keeps its content. */
function showFailure(event: Event): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement)) return;
  const place =
    document.querySelector(`[data-notice-for="${CSS.escape(form.id)}"]`) ??
    document.getElementById('notices');
  const text = 'The request failed. Your input was kept. Try again.';
  const notice = createNotice(document, 'error', text);
  place?.replaceChildren(notice);
  reveal(notice);
}

/** Whether the response is a server error. Pages report expected errors as 4xx, which htmx swaps in. */
function isServerError(event: Event): boolean {
  if (!(event instanceof CustomEvent)) return false;
  const status: unknown = event.detail?.ctx?.response?.status;
  return typeof status === 'number' && status >= 500;
}

/** Adds these behaviors to all forms, including those that htmx inserts later. */
export function initForms(): void {
  document.addEventListener('keydown', submitOnEnter);
  document.addEventListener('htmx:error', showFailure);
  document.addEventListener('htmx:response:error', (event) => {
    if (isServerError(event)) showFailure(event);
  });
}
