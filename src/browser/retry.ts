// Parts of a page that load once, when they are first seen. If that fails, a button in their place loads them.

/** The event that loads such a part again (views/events.ts). */
export const RETRY = 'signalbox:retry';

/** Makes every `[data-retry]` element offer "Retry" after its request has failed, also those that htmx inserts later. */
export function initRetry(page: Document): void {
  const onFailure = ({ target }: Event) => {
    if (target instanceof HTMLElement && target.dataset['retry'] !== undefined) offer(page, target);
  };
  page.addEventListener('htmx:error', onFailure);
  page.addEventListener('htmx:response:error', onFailure);
}

function offer(page: Document, part: HTMLElement): void {
  const loading = part.textContent;
  const button = page.createElement('button');
  button.type = 'button';
  button.className = 'button button-small';
  button.textContent = 'Retry';
  button.addEventListener('click', () => {
    part.textContent = loading;
    part.dispatchEvent(new CustomEvent(RETRY));
  });
  part.replaceChildren('This could not be loaded. ', button);
}
