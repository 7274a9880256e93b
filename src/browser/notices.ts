// Notices next to forms and in the corner of the page. The server renders their markup: in its responses, and as
// templates for the notices that the page creates itself.
import { revealBidi } from '../protocol/bidi.ts';
import type { Clock } from '../protocol/clock.ts';
import { hasEnded } from '../protocol/command-status.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';

/** Maximum time that a notice about a sent command is shown. */
const SENT_MS = 10_000;
/** Maximum number of commands to keep track of. A command can start or end before the response about it arrives. */
const MAX_COMMANDS = 100;

/** The templates of views/components/notice.tsx. */
export type NoticeTemplate =
  | 'success'
  | 'allow'
  | 'reject'
  | 'other'
  | 'cancelled'
  | 'approval'
  | 'error';

/** Creates a notice from its template. */
export function createNotice(
  page: Document,
  kind: NoticeTemplate,
  content: Node | string,
): HTMLElement {
  const template = page.getElementById(`notice-${kind}`);
  const copy =
    template instanceof HTMLTemplateElement ? template.content.cloneNode(true).firstChild : null;
  const notice = copy instanceof HTMLElement ? copy : page.createElement('p');
  (notice.querySelector('span') ?? notice).append(
    typeof content === 'string' ? revealBidi(content) : content,
  );
  return notice;
}

/** Shows a notice in the corner of the page. It replaces an earlier one. */
export function showInCorner(page: Document, notice: HTMLElement): void {
  page.getElementById('notices')?.replaceChildren(notice);
}

/** Whether an element is completely within the visible part of the page. */
export function isInViewport(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}

/** Scrolls an element into view, if it is not. Does not move the focus. */
export function reveal(element: Element): void {
  if (!isInViewport(element)) element.scrollIntoView({ block: 'nearest', behavior: 'instant' });
}

/**
 * Brings the notices of forms into view when they appear, and removes those about commands that were sent or stopped.
 * Returns the handler of the hub's messages.
 */
export function initFormNotices(clock: Clock, page: Document): (message: HubToDashboard) => void {
  const started: string[] = [];
  const ended: string[] = [];
  const known = new WeakSet<Element>();

  function handleNotice(notice: HTMLElement): void {
    if (known.has(notice)) return;
    known.add(notice);
    reveal(notice);
    if (notice.dataset['sent'] !== undefined) clock.after(SENT_MS, () => notice.remove());
  }

  /** Removes the notices about commands, by the name of the attribute with their IDs. */
  function removeNotices(name: 'sent' | 'stopping', commandIds: readonly string[]): void {
    for (const notice of page.querySelectorAll<HTMLElement>(`.notice[data-${name}]`)) {
      if (commandIds.includes(notice.dataset[name] ?? '')) notice.remove();
    }
  }

  function update(): void {
    removeNotices('sent', started);
    removeNotices('stopping', ended);
  }

  page.addEventListener('htmx:after:swap', () => {
    update();
    for (const notice of page.querySelectorAll<HTMLElement>('[data-notice-for] > .notice')) {
      handleNotice(notice);
    }
  });

  return (message) => {
    if (message.type !== 'command:status' || message.status === 'queued') return;
    started.push(message.commandId);
    if (hasEnded(message.status)) ended.push(message.commandId);
    for (const list of [started, ended]) list.splice(0, list.length - MAX_COMMANDS);
    update();
  };
}
