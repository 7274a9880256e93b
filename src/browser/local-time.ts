// <local-time at="…" as="age|ago|clock|elapsed">: a time or its age, in the user's time zone, updated every second.
// The server's UTC text stays in the light DOM, hidden by the shadow DOM, so that a swap does not flicker.

const TICK_MS = 1000;
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const withYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const withoutYear = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
});

/** Formats an age in its largest unit: `44 s`, `5 min`. A negative age, due to clock differences, counts as 0. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? '1 day' : `${days} days`;
}

/** Formats a running clock: `0:42`, `1:02:07`. */
export function formatElapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const pad = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${pad(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}`;
}

/** Formats a date and time. Includes the year if it is not the current one. */
export function formatClock(at: number, now: number): string {
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? withoutYear : withYear).format(at);
}

function format(as: string | null, at: number, now: number): string {
  if (as === 'clock') return formatClock(at, now);
  if (as === 'elapsed') return formatElapsed(now - at);
  return as === 'age' ? formatAge(now - at) : `${formatAge(now - at)} ago`;
}

/** Registers the element. `now` returns the hub's time, because the browser's clock may be wrong. */
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
      const text = format(this.getAttribute('as'), at, now());
      if (this.#text.textContent !== text) this.#text.textContent = text;
      this.#text.title ||= exact.format(at);
    }
  }
  customElements.define('local-time', LocalTime);
}
