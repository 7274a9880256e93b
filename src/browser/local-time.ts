// <local-time at="…" as="ago|clock|elapsed">: a moment in the reader's own time zone and language, ticking.
// The server's UTC text stays inside it; the shadow covers it, so that a swap of the page is never seen to flicker.

const TICK_MS = 1000;
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const withYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const thisYear = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
});
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'always', style: 'narrow' });

/** How long ago, in words; a moment just ahead (clocks differ) is now. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return relative.format(-seconds, 'second');
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}

/** How long it has been, as a clock shows it: `0:42`, `1:02:07`. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** Date and time of day; the year where it is another than now's. */
export function clock(at: number, now: number): string {
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? thisYear : withYear).format(at);
}

/** Registers the element. `now` is the hub's time, as well as the page knows it: clocks of laptops differ. */
export function defineLocalTime(now: () => number): void {
  class LocalTime extends HTMLElement {
    static readonly observedAttributes = ['at', 'as'];
    readonly #text = document.createElement('span');
    #ticker: ReturnType<typeof setInterval> | undefined;

    connectedCallback(): void {
      if (!this.shadowRoot) this.attachShadow({ mode: 'open' }).append(this.#text);
      this.#ticker = setInterval(() => this.#show(), TICK_MS);
      this.#show();
    }

    disconnectedCallback(): void {
      clearInterval(this.#ticker);
    }

    attributeChangedCallback(): void {
      this.#text.title = '';
      this.#show();
    }

    #show(): void {
      const at = Number(this.getAttribute('at'));
      const passed = now() - at;
      const as = this.getAttribute('as');
      const text =
        as === 'clock' ? clock(at, now()) : as === 'elapsed' ? elapsed(passed) : ago(passed);
      if (this.#text.textContent !== text) this.#text.textContent = text;
      this.#text.title ||= exact.format(at);
    }
  }
  customElements.define('local-time', LocalTime);
}
