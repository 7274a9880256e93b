// Links in the static output of a session. Like those of a terminal, they open after a confirmation that shows the target.
import { createConfirm, openLink } from './terminal-confirm.ts';

/** Makes them ask, including those that htmx inserts later. */
export function initOutputLinks(page: Document): void {
  const dialog = page.getElementById('confirm-link');
  const confirm = createConfirm(dialog instanceof HTMLDialogElement ? dialog : null);
  const ask = (event: MouseEvent) => {
    const link =
      event.target instanceof Element && event.target.closest<HTMLAnchorElement>('a.output-link');
    // The right button opens the menu of the browser.
    if (!link || event.button === 2) return;
    event.preventDefault();
    void openLink(confirm, link.href);
  };
  page.addEventListener('click', ask);
  page.addEventListener('auxclick', ask);
}
