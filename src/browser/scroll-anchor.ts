// Keeps the focused field at its position on screen when htmx inserts or removes content above it.

/** Scrolls the page by the distance that a swap moves the focused field. */
export function initScrollAnchor(page: Document): void {
  let anchor: { field: Element; top: number } | null = null;
  page.addEventListener('htmx:before:swap', () => {
    const field = page.activeElement;
    anchor = field?.matches('textarea, input')
      ? { field, top: field.getBoundingClientRect().top }
      : null;
  });
  page.addEventListener('htmx:after:swap', () => {
    if (!anchor || anchor.field !== page.activeElement) return;
    const shift = anchor.field.getBoundingClientRect().top - anchor.top;
    anchor = null;
    if (shift !== 0) window.scrollBy({ top: shift, behavior: 'instant' });
  });
}
