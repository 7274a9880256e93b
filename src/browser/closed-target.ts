// Opens the closed <details> that the address of the page points to. Browsers open only those around the target.

/** Opens it when the page is loaded and when the hash changes. */
export function initClosedTarget(page: Document): void {
  addEventListener('hashchange', () => open(page));
  // A diff that loads when it is opened needs htmx, which is loaded after this script.
  page.addEventListener('htmx:after:process', () => open(page), { once: true });
}

function open(page: Document): void {
  const target = page.getElementById(decodeHash(location.hash));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

/** Users can write any hash. */
function decodeHash(hash: string): string {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return '';
  }
}
