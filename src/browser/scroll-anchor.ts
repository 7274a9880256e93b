// A field that somebody writes in stays where it is when something appears above it.

/** Scrolls by as much as a swap has moved the field in focus. */
export function keepFieldSteady(page: Document): void {
  let before: { field: Element; top: number } | null = null;
  page.addEventListener('htmx:before:swap', () => {
    const field = page.activeElement;
    before = field?.matches('textarea, input')
      ? { field, top: field.getBoundingClientRect().top }
      : null;
  });
  page.addEventListener('htmx:after:swap', () => {
    if (!before || before.field !== page.activeElement) return;
    const moved = before.field.getBoundingClientRect().top - before.top;
    before = null;
    if (moved !== 0) window.scrollBy({ top: moved, behavior: 'instant' });
  });
}
