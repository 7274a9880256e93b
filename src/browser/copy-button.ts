// Buttons that copy the text of another element to the clipboard.

/** Makes every `[data-copy]` button copy the element it names, including buttons that htmx inserts later. */
export function initCopyButtons(): void {
  document.addEventListener('click', (event) => void handleClick(event));
}

async function handleClick(event: MouseEvent): Promise<void> {
  if (!(event.target instanceof Element)) return;
  const button = event.target.closest<HTMLElement>('[data-copy]');
  const source = document.getElementById(button?.dataset['copy'] ?? '');
  if (!button || !source) return;
  const label = button.querySelector('[data-copy-label]');
  const isCopied = await copyText(source);
  if (label) label.textContent = isCopied ? 'Copied' : 'Press Ctrl+C';
}

/** Copies an element's text. Without HTTPS there is no clipboard API, so the text is selected for execCommand. */
async function copyText(source: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection()?.selectAllChildren(source);
    return document.execCommand('copy');
  }
}
