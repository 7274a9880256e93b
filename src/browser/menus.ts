// Opens menus below their buttons. Not all browsers can do that with styles.

/** The distance from the edges of the window, in pixels. */
const MARGIN_PX = 8;

/** Places each menu of the page, also those that are loaded later. */
export function initMenus(page: Document): void {
  const place = ({ target }: Event) => {
    if (!(target instanceof HTMLElement) || !target.matches('.menu')) return;
    const button = page.querySelector(`[popovertarget="${CSS.escape(target.id)}"]`);
    if (button) placeMenu(target, button);
  };
  // Its height is known once it is shown.
  page.addEventListener('beforetoggle', place, true);
  page.addEventListener('toggle', place, true);
}

function placeMenu(menu: HTMLElement, button: Element): void {
  const { left, right, bottom } = button.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const maxTop = clientHeight - menu.offsetHeight - MARGIN_PX;
  menu.style.inset = 'auto';
  if (right < clientWidth / 2) menu.style.left = `${Math.max(MARGIN_PX, left)}px`;
  else menu.style.right = `${Math.max(MARGIN_PX, clientWidth - right)}px`;
  menu.style.top = `${Math.max(MARGIN_PX, Math.min(bottom, maxTop))}px`;
}
