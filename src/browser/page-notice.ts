// Dismisses the notice of an agent. A cookie keeps which ones are dismissed, so that the server leaves them out.

/** The number of notices that are kept. */
const LENGTH = 20;
const YEAR_S = 31_536_000;

/** Makes the button of the notice work. */
export function initNoticeButton(page: Document): void {
  page.addEventListener('click', (event) => {
    if (!(event.target instanceof Element)) return;
    const id = event.target.closest<HTMLElement>('[data-dismiss-notice]')?.dataset['dismissNotice'];
    if (id === undefined) return;
    const kept = /(?:^|;\s*)dismissed=([\w.]*)/.exec(page.cookie)?.[1]?.split('.') ?? [];
    const ids = [...kept.filter((one) => one !== ''), id].slice(-LENGTH);
    page.cookie = `dismissed=${ids.join('.')}; path=/; max-age=${YEAR_S}; samesite=lax`;
    page.getElementById('agent-notice')?.replaceChildren();
    page.getElementById('agent-notice')?.classList.remove('agent-notice');
  });
}
