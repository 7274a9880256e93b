// How many questions are open, where it is seen from afar: in the name board, the tab's title and its icon.
import { titleWith } from '../protocol/approvals.ts';
import type { Clock } from '../protocol/clock.ts';
import type { Store, WebSocketState } from './page-state.ts';

/** A connection that came back tells the open questions anew, one by one: a smaller count waits for the rest. */
const SETTLE_MS = 150;

/** The icon of a tab whose reader is wanted: the same, with a lamp in its corner. */
export function iconThatAsks(svg: string): string {
  const lamp = '<circle cx="24" cy="24" r="8" fill="#8fc1ff" stroke="#141a18" stroke-width="2.5"/>';
  return `data:image/svg+xml,${encodeURIComponent(svg.replace('</svg>', `${lamp}</svg>`))}`;
}

/** Keeps the count right. The server wrote the first one. */
export function showWaiting(store: Store, clock: Clock, page: Document): void {
  const place = page.getElementById('waiting');
  const board = page.querySelector('.board');
  let shown = Number(place?.textContent?.match(/\d+/)?.[0] ?? 0);
  const icon = createIcon(page);

  function show({ connectionStatus, approvals }: WebSocketState): void {
    if (connectionStatus !== 'connected') return;
    shown = approvals.size;
    const count = place?.querySelector('[data-count]');
    if (count && count.textContent !== String(shown)) count.textContent = String(shown);
    if (place) place.hidden = shown === 0;
    board?.toggleAttribute('data-waiting', shown > 0);
    const plain = page.querySelector('title')?.dataset['plain'];
    if (plain !== undefined) page.title = titleWith(plain, shown);
    icon(shown > 0);
  }

  icon(shown > 0);
  store.subscribe((state, before) => {
    const isSame =
      state.approvals === before.approvals && state.connectionStatus === before.connectionStatus;
    if (isSame) return;
    if (state.approvals.size >= shown) show(state);
    else clock.after(SETTLE_MS, () => show(store.getState()));
  });
}

/** The tab's icon, with or without its lamp; fetched once, when it is first wanted. */
function createIcon(page: Document): (asks: boolean) => void {
  const link = page.querySelector<HTMLLinkElement>('link[rel=icon]');
  const plain = link?.href ?? '';
  let asking: Promise<string> | null = null;
  let wanted = false;
  return (asks) => {
    if (!link || asks === wanted) return;
    wanted = asks;
    if (!asks) {
      link.href = plain;
      return;
    }
    asking ??= fetch(plain).then(async (response) => iconThatAsks(await response.text()));
    asking
      .then((address) => {
        if (wanted) link.href = address;
      })
      .catch(() => {
        // An icon is not worth a word; the next question tries again.
        asking = null;
        wanted = false;
      });
  };
}
