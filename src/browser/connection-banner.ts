// Says so when the page is cut off: what it shows may be old, and commands may not get through.
import type { Clock } from '../protocol/clock.ts';
import type { Store, WebSocketState } from './page-state.ts';

/** A connection that comes within this time is not worth a word. */
const PATIENCE_MS = 1200;

/** What the banner says; null where there is nothing to say. */
export function bannerText(state: WebSocketState): string | null {
  if (state.connectionStatus === 'connected') return null;
  if (state.connectionStatus === 'error' && state.error) return state.error.message;
  return 'Reconnecting… What you see may be out of date.';
}

/** Keeps the banner right. */
export function showBanner(store: Store, clock: Clock, banner: HTMLElement): void {
  let cancel: (() => void) | null = null;
  const update = (state: WebSocketState) => {
    const text = bannerText(state);
    if (text === null) {
      cancel?.();
      cancel = null;
      banner.hidden = true;
      return;
    }
    if (!banner.hidden) banner.textContent = text;
    cancel ??= clock.after(PATIENCE_MS, () => {
      banner.textContent = bannerText(store.getState());
      banner.hidden = false;
    });
  };
  store.subscribe(update);
  update(store.getState());
}
