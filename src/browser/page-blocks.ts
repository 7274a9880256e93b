// The blocks of a session: long prompts, copies of output and links, and colors that are not the theme's.
import { copyText } from './copy-text.ts';
import { requireCopyable, TooLargeError } from './copy-limit.ts';
import { createNotice, showInCorner } from './notices.ts';

/** Makes the blocks on the page work, including those that htmx inserts later. */
export function initBlocks(page: Document): void {
  page.addEventListener('click', (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest<HTMLElement>(
      '[data-expand], [data-copy-url], [data-copy-link]',
    );
    const { expand, copyUrl, copyLink } = button?.dataset ?? {};
    if (button && expand !== undefined) toggle(page, button, expand);
    if (copyLink !== undefined)
      void copy(page, 'Link', () => new URL(copyLink, location.href).href);
    if (copyUrl !== undefined) void copy(page, 'Output', () => fetchText(copyUrl));
  });
  page.addEventListener('htmx:after:swap', () => applyColors(page));
  applyColors(page);
}

function toggle(page: Document, button: HTMLElement, id: string): void {
  const isOpen = page.getElementById(id)?.classList.toggle('prompt-open') ?? false;
  button.ariaExpanded = String(isOpen);
  button.textContent = isOpen ? 'less' : 'more';
}

async function copy(page: Document, name: string, read: () => string | Promise<string>) {
  const failure = await Promise.resolve()
    .then(read)
    .then(copyText)
    .then((isCopied) => (isCopied ? null : `${name} not copied. Try again.`))
    .catch((error: unknown) =>
      error instanceof TooLargeError ? error.message : `${name} not copied. Try again.`,
    );
  const notice =
    failure === null
      ? createNotice(page, 'success', `${name} copied`)
      : createNotice(page, 'error', failure);
  showInCorner(page, notice);
}

/** @throws if the hub does not send it, or if it is too large */
async function fetchText(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The hub responded with HTTP ${response.status}.`);
  await requireCopyable(response);
  return response.text();
}

/** The CSP forbids style attributes in HTML; styles that a script sets are allowed. */
function applyColors(page: Document): void {
  for (const element of page.querySelectorAll<HTMLElement>(
    '[data-foreground]:not([style]), [data-background]:not([style])',
  )) {
    const { foreground, background } = element.dataset;
    if (foreground !== undefined) element.style.setProperty('--own-foreground', foreground);
    if (background !== undefined) element.style.setProperty('--own-background', background);
  }
}
