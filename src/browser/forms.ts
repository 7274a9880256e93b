// Form behavior that htmx does not provide: submitting with the keyboard, and a message when a request fails.
import { requestOf } from './htmx-request.ts';
import { readStored, writeStored } from './page-storage.ts';
import { createNotice, reveal } from './notices.ts';

/** The name of the setting in the browser's storage. */
const ENTER_SENDS = 'enter-sends';

export interface EnterKey {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
  isComposing: boolean;
}

/** Whether a key submits the form. Shift+Enter always starts a new line. @param enterSends whether Enter alone does */
export function isSubmitKey(press: EnterKey, enterSends: boolean): boolean {
  if (press.key !== 'Enter' || press.isComposing || press.altKey) return false;
  return press.ctrlKey || press.metaKey || (enterSends && !press.shiftKey);
}

/** On-screen keyboards have no Shift+Enter, so Enter starts a new line on devices without another keyboard. */
function doesEnterSend(field: HTMLElement): boolean {
  return (
    field.dataset['sendOnEnter'] === 'setting' &&
    readStored(ENTER_SENDS) !== 'no' &&
    !matchMedia('(hover: none) and (pointer: coarse)').matches
  );
}

function submitOnEnter(event: KeyboardEvent): void {
  const field = event.target;
  if (!(field instanceof HTMLTextAreaElement) || !field.matches('[data-send-on-enter]')) return;
  if (!isSubmitKey(event, doesEnterSend(field))) return;
  event.preventDefault();
  const button = field.form?.querySelector<HTMLButtonElement>('.button-primary[type=submit]');
  if (!button?.disabled) field.form?.requestSubmit(button);
}

/** Shows the setting, and keeps it when it changes. */
function initEnterSetting(): void {
  const setting = document.querySelector<HTMLInputElement>('[data-enter-sends]');
  if (!setting) return;
  const show = () => {
    for (const key of document.querySelectorAll('[data-send-key]')) {
      key.textContent = setting.checked ? '⏎' : 'Ctrl ⏎';
    }
  };
  setting.checked = readStored(ENTER_SENDS) !== 'no';
  setting.addEventListener('change', () => {
    writeStored(ENTER_SENDS, setting.checked ? null : 'no');
    show();
  });
  document.addEventListener('htmx:after:swap', show);
  show();
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
  notice.toggleAttribute('data-failure', true);
  place?.replaceChildren(notice);
  reveal(notice);
}

/** Removes the messages about failed requests, once the hub responds again. */
export function clearFailures(): void {
  for (const notice of document.querySelectorAll('.notice[data-failure]')) notice.remove();
}

/** Removes the error of a form when its content changes, unless it offers what to do. */
function clearError({ target }: Event): void {
  if (!(target instanceof HTMLElement)) return;
  const id = target.closest('form')?.id ?? '';
  const place = document.querySelector(`[data-notice-for="${CSS.escape(id)}"]`);
  const error = place?.querySelector('.notice-error');
  if (error && !error.querySelector('button')) error.remove();
}

/** Whether the response is a server error. Pages report expected errors as 4xx, which htmx swaps in. */
function isServerError(event: Event): boolean {
  const { response } = requestOf(event);
  return response !== undefined && response.status >= 500;
}

/** Adds these behaviors to all forms, including those that htmx inserts later. */
export function initForms(): void {
  document.addEventListener('keydown', submitOnEnter);
  document.addEventListener('input', clearError);
  initEnterSetting();
  document.addEventListener('htmx:error', showFailure);
  document.addEventListener('htmx:response:error', (event) => {
    if (isServerError(event)) showFailure(event);
  });
}
