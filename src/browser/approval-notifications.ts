// Notifications about approval requests: a browser notification while the page is hidden, and notices on the page.
import { formatResponse } from '../protocol/approvals.ts';
import type { Clock } from '../protocol/clock.ts';
import type {
  ApprovalRequest,
  ApprovalResolved,
  HubToDashboard,
} from '../protocol/hub-to-dashboard.ts';
import { findCard, markResolved } from './approval-cards.ts';

/** Requests received within this time after the first welcome were already pending: the hub sends them right away. */
const WELCOME_MS = 1000;
/** How long htmx may take to add the card of a new request. */
const CARD_MS = 1000;

/** Describes the outcome of an approval request: `Approved by otto`. */
export function describeOutcome(request: ApprovalRequest, resolved: ApprovalResolved): string {
  const { outcome, optionId = null, resolvedBy = null } = resolved;
  return formatResponse(request.options, { outcome, optionId, resolvedBy });
}

/** Returns the notice for a resolved request: `Approved by otto: Edit src/main.ts`. */
export function formatOutcomeNotice(request: ApprovalRequest, resolved: ApprovalResolved): string {
  return `${describeOutcome(request, resolved)}: ${request.title}`;
}

/**
 * Creates the handler that notifies the user. Call it for each message before the message is applied to the page state:
 * `pending` must still contain the request that the message resolves.
 */
export function createApprovalNotifier(clock: Clock, page: Document) {
  /** Requests the user was notified of. The hub sends pending ones again after a reconnect. */
  const seen = new Set<string>();
  const notifications = new Map<string, Notification>();
  let userId: string | null = null;
  /** Requests before this time were pending when the page loaded; the menu already counts them. */
  let newFrom = Number.POSITIVE_INFINITY;

  function notify({ approvalId, agentId, title }: ApprovalRequest): void {
    if (!page.hidden || !('Notification' in globalThis)) return;
    if (Notification.permission !== 'granted') return;
    try {
      // The tag makes several open pages show a single notification.
      const notification = new Notification(`${agentId} requests approval`, {
        body: title,
        tag: approvalId,
      });
      notification.addEventListener('click', () => {
        window.focus();
        notification.close();
        if (!findCard(page, approvalId)) location.assign('/approvals');
      });
      notifications.set(approvalId, notification);
    } catch {
      // Chrome on Android defines Notification, but its constructor throws.
    }
  }

  /** Shows a link to the request unless its card is visible. Screen readers announce the notice. */
  function showLink({ approvalId, agentId, title }: ApprovalRequest): void {
    const card = findCard(page, approvalId);
    if (card && isInViewport(card.querySelector('.approval-options') ?? card)) return;
    const link = page.createElement('a');
    link.href = card ? `#${encodeURIComponent(card.id)}` : '/approvals';
    link.textContent = `${agentId} requests approval: ${title}`;
    showNotice('approval', link);
  }

  function showNotice(kind: 'approval' | 'success', content: Node | string): void {
    const notice = page.createElement('p');
    notice.className = `notice notice-${kind}`;
    notice.append(content);
    page.getElementById('notices')?.replaceChildren(notice);
  }

  function showOutcome(request: ApprovalRequest, resolved: ApprovalResolved): void {
    const outcome = describeOutcome(request, resolved);
    const wasOnPage = markResolved(page, request.approvalId, outcome);
    // The user who responded gets a notice from the server.
    if (!wasOnPage || resolved.resolvedBy === userId) return;
    showNotice('success', formatOutcomeNotice(request, resolved));
  }

  return (message: HubToDashboard, pending: ReadonlyMap<string, ApprovalRequest>): void => {
    if (message.type === 'dashboard:welcome') {
      userId = message.userId;
      if (!Number.isFinite(newFrom)) newFrom = clock.now() + WELCOME_MS;
    }
    if (message.type === 'approval:request' && !seen.has(message.approvalId)) {
      seen.add(message.approvalId);
      notify(message);
      if (clock.now() >= newFrom) clock.after(CARD_MS, () => showLink(message));
    }
    if (message.type !== 'approval:resolved') return;
    notifications.get(message.approvalId)?.close();
    notifications.delete(message.approvalId);
    const request = pending.get(message.approvalId);
    if (request) showOutcome(request, message);
  };
}

function isInViewport(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= window.innerHeight;
}

/** Shows the button that asks for notification permission, as long as the user has not decided. */
export function initNotificationButton(page: Document): void {
  const button = page.querySelector<HTMLElement>('[data-notify]');
  if (!button || !('Notification' in globalThis) || !isSecureContext) return;
  const update = () => {
    button.hidden = Notification.permission !== 'default';
  };
  update();
  button.addEventListener('click', () => {
    Notification.requestPermission().then(update, update);
  });
}
