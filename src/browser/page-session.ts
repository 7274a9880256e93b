// The session on an agent's page: it follows new output at the bottom until the user scrolls up, and keeps its position
// when blocks are added.
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { formatNewLines } from './new-lines.ts';
import { countLines } from './output-page.ts';

/** Closer to the bottom than this, the session follows. */
const BOTTOM_PX = 32;

/** Counts the lines of output. Output that is sent again, as after a restart of the hub, counts once. */
export function createNewLineCounter(): (message: HubToDashboard) => number {
  let commandId: string | null = null;
  let nextSequence = 0;
  return (message) => {
    if (message.type !== 'terminal:output') return 0;
    if (message.commandId !== commandId) nextSequence = 0;
    ({ commandId } = message);
    if (message.sequence < nextSequence) return 0;
    nextSequence = message.sequence + 1;
    return countLines(message.data);
  };
}

/** Returns the handler of the hub's messages; null if the page has no session. */
export function initSession(page: Document): ((message: HubToDashboard) => void) | null {
  const session = page.getElementById('session');
  const content = session?.querySelector('.session-content');
  const button = page.getElementById('follow');
  return session && content && button ? followSession(page, session, content, button) : null;
}

function followSession(
  page: Document,
  session: HTMLElement,
  content: Element,
  button: HTMLElement,
) {
  let isFollowing = true;
  const countNewLines = createNewLineCounter();
  let addedLines = 0;
  let lastTop = 0;
  let anchor: { element: Element; top: number } | null = null;

  const isAtBottom = () =>
    session.scrollHeight - session.scrollTop - session.clientHeight < BOTTOM_PX;

  function showButton(): void {
    button.hidden = isFollowing;
    button.textContent = `↓ ${formatNewLines(addedLines)}`;
  }

  function setFollowing(follows: boolean): void {
    if (follows) addedLines = 0;
    isFollowing = follows;
    showButton();
  }

  function scrollToBottom(): void {
    session.scrollTop = session.scrollHeight;
    lastTop = session.scrollTop;
  }

  function follow(): void {
    setFollowing(true);
    scrollToBottom();
  }

  function noticeScroll(): void {
    // Content that grows at the bottom moves nothing up.
    const isScrolledUp = session.scrollTop < lastTop - 1;
    lastTop = session.scrollTop;
    if (isAtBottom()) setFollowing(true);
    else if (isScrolledUp && isFollowing) setFollowing(false);
  }

  session.addEventListener('scroll', noticeScroll);
  const stayAtBottom = () => {
    if (isFollowing) scrollToBottom();
  };
  const current = page.getElementById('current');
  new ResizeObserver(([entry]) => {
    const height = entry?.contentRect.height ?? 0;
    current?.style.setProperty('--session-height', `${height}px`);
    stayAtBottom();
  }).observe(session);
  new ResizeObserver(stayAtBottom).observe(content);
  button.addEventListener('click', () => {
    follow();
    session.focus({ preventScroll: true });
  });
  page.addEventListener('signalbox:sent', follow);

  page.addEventListener('htmx:before:swap', () => {
    // The event of a scroll comes with the next frame. This update must not return to the bottom meanwhile.
    noticeScroll();
    anchor = isFollowing ? null : findAnchor(session);
  });
  page.addEventListener('htmx:after:swap', () => {
    if (isFollowing) return scrollToBottom();
    if (!anchor?.element.isConnected) return;
    session.scrollTop += anchor.element.getBoundingClientRect().top - anchor.top;
    lastTop = session.scrollTop;
  });
  scrollToBottom();

  return (message: HubToDashboard): void => {
    const lines = countNewLines(message);
    if (isFollowing || lines === 0) return;
    addedLines += lines;
    showButton();
  };
}

/** Returns the first block whose end is visible, and its position. */
function findAnchor(session: Element): { element: Element; top: number } | null {
  const { top: visibleTop } = session.getBoundingClientRect();
  for (const element of session.querySelectorAll('.block')) {
    const { top, bottom } = element.getBoundingClientRect();
    if (bottom > visibleTop) return { element, top };
  }
  return null;
}
