// The number of pending approval requests, shown in the menu, the tab's title and the tab's icon.
import { formatTitle } from '../protocol/approvals.ts';
import type { Clock } from '../protocol/clock.ts';
import type { PageState, PageStore } from './page-state.ts';

/** After a reconnect the hub sends the pending requests again, one by one. Lower counts are shown after this delay. */
const SETTLE_MS = 150;

/** Returns the icon with a badge in its corner, as a data URL. */
export function addBadge(svg: string): string {
  const badge =
    '<circle cx="24" cy="24" r="8" fill="#8fc1ff" stroke="#141a18" stroke-width="2.5"/>';
  return `data:image/svg+xml,${encodeURIComponent(svg.replace('</svg>', `${badge}</svg>`))}`;
}

/** Updates the count as requests arrive and are resolved. The server renders the initial count. */
export function initPendingCount(store: PageStore, clock: Clock, page: Document): void {
  const counter = page.getElementById('pending-count');
  const header = page.querySelector('.header');
  const setBadge = createBadge(page);
  let shown = Number(counter?.textContent?.match(/\d+/)?.[0] ?? 0);

  function show({ connectionStatus, approvals }: PageState): void {
    if (connectionStatus !== 'connected') return;
    shown = approvals.size;
    const number = counter?.querySelector('[data-count]');
    if (number && number.textContent !== String(shown)) number.textContent = String(shown);
    if (counter) counter.hidden = shown === 0;
    header?.toggleAttribute('data-pending', shown > 0);
    const title = page.querySelector('title')?.dataset['title'];
    if (title !== undefined) page.title = formatTitle(title, shown);
    setBadge(shown > 0);
  }

  setBadge(shown > 0);
  store.subscribe((state, before) => {
    const isUnchanged =
      state.approvals === before.approvals && state.connectionStatus === before.connectionStatus;
    if (isUnchanged) return;
    if (state.approvals.size >= shown) show(state);
    else clock.after(SETTLE_MS, () => show(store.getState()));
  });
}

/** Creates the function that adds or removes the icon's badge. It fetches the icon the first time it is needed. */
function createBadge(page: Document): (isVisible: boolean) => void {
  const link = page.querySelector<HTMLLinkElement>('link[rel=icon]');
  const plainUrl = link?.href ?? '';
  let badgedUrl: Promise<string> | null = null;
  let isShown = false;
  return (isVisible) => {
    if (!link || isVisible === isShown) return;
    isShown = isVisible;
    if (!isVisible) {
      link.href = plainUrl;
      return;
    }
    badgedUrl ??= fetch(plainUrl).then(async (response) => addBadge(await response.text()));
    badgedUrl
      .then((url) => {
        if (isShown) link.href = url;
      })
      .catch(() => {
        // The page works without the badge. The next request tries again.
        badgedUrl = null;
        isShown = false;
      });
  };
}
