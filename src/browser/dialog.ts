// The page's dialog. It opens when the server puts content into it, and is emptied when it closes.

/** Opens the dialog when it receives content, closes it when a response empties it, and makes its close buttons work. */
export function initDialog(): void {
  const dialog = document.getElementById('dialog');
  const body = document.getElementById('dialog-body');
  if (!(dialog instanceof HTMLDialogElement) || !body) return;

  /** Content that is shown only once, such as a token, must not be lost to a stray click or Escape. */
  const closesByButtonOnly = () => body.querySelector('[data-keep-dialog]') !== null;

  document.addEventListener('htmx:after:swap', () => {
    const isEmpty = body.childElementCount === 0;
    if (!isEmpty && !dialog.open) dialog.showModal();
    if (isEmpty && dialog.open) dialog.close();
  });
  dialog.addEventListener('close', () => body.replaceChildren());
  dialog.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : dialog;
    const isOnBackdrop = target === dialog && !closesByButtonOnly();
    if (isOnBackdrop || target.closest('[data-close-dialog]')) dialog.close();
  });
  dialog.addEventListener('cancel', (event) => {
    if (closesByButtonOnly()) event.preventDefault();
  });
}
