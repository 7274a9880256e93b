// The banner shown while the page is disconnected: its content may be out of date, and commands may not be sent.
import type { Clock } from '../protocol/clock.ts';
import { describeDisconnect } from './disconnect-reason.ts';
import type { PageState, PageStore } from './page-state.ts';

/** A connection that is restored within this time shows no banner. */
const DELAY_MS = 1200;

/** Returns the banner text, or null while connected. */
export function bannerText(state: PageState): string | null {
  if (state.connectionStatus === 'connected') return null;
  return state.disconnectReason ? describeDisconnect(state.disconnectReason) : 'Connecting…';
}

/** Shows and hides the banner as the connection changes. Its button calls `retryNow`. */
export function initConnectionBanner(
  store: PageStore,
  clock: Clock,
  banner: HTMLElement,
  retryNow: () => void,
): void {
  let cancel: (() => void) | null = null;
  const label = banner.querySelector('span');
  const show = (text: string | null) => {
    if (label) label.textContent = text;
  };
  banner.querySelector('button')?.addEventListener('click', retryNow);
  const update = (state: PageState) => {
    const text = bannerText(state);
    if (text === null) {
      cancel?.();
      cancel = null;
      banner.hidden = true;
      return;
    }
    if (!banner.hidden) show(text);
    // The hub has already been silent for longer than the delay.
    const delay = state.disconnectReason === 'silent' ? 0 : DELAY_MS;
    cancel ??= clock.after(delay, () => {
      show(bannerText(store.getState()));
      banner.hidden = false;
    });
  };
  store.subscribe(update);
  update(store.getState());
}
