// Notifications about approval requests: a browser notification while the page is hidden, and notices on the page.
import { revealBidi } from '../protocol/bidi.ts';
import { classifyResponse, formatResponse } from '../protocol/approvals.ts';
import type { Clock } from '../protocol/clock.ts';
import type {
  ApprovalRequest,
  ApprovalResolved,
  HubToDashboard,
} from '../protocol/hub-to-dashboard.ts';
import { findCard, markResolved, removeCard } from './approval-cards.ts';
import { createNotice, isInViewport, reveal, showInCorner } from './notices.ts';

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
  /** Requests before this time (by the hub's clock) were pending when the page loaded; the menu already counts them. */
  let newFrom: number | null = null;
  /** The links in the corner of the page, by the ID of their request. */
  const links = new Map<string, HTMLElement>();

  function notify({ approvalId, agentId, title }: ApprovalRequest): void {
    if (!page.hidden || !('Notification' in globalThis)) return;
    if (Notification.permission !== 'granted') return;
    try {
      // The tag makes several open pages show a single notification.
      const notification = new Notification(`${agentId} requests approval`, {
        body: revealBidi(title),
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

  /** Shows a new request as soon as its card is on the page, or a link to it if the page has no card for it. */
  function announce(request: ApprovalRequest): void {
    const show = () => {
      const card = findCard(page, request.approvalId);
      if (!card) return;
      stop();
      if (canScrollTo(page, card)) reveal(card);
      else showLink(request, card);
    };
    const stop = () => {
      cancel();
      page.removeEventListener('htmx:after:swap', show);
    };
    const cancel = clock.after(CARD_MS, () => {
      stop();
      showLink(request, null);
    });
    page.addEventListener('htmx:after:swap', show);
  }

  /** Shows a link to a request until it is seen or resolved. Screen readers announce it. */
  function showLink({ approvalId, agentId, title }: ApprovalRequest, card: Element | null): void {
    if (card && isInViewport(card)) return;
    const link = page.createElement('a');
    link.href = card ? `#${encodeURIComponent(card.id)}` : '/approvals';
    link.textContent = revealBidi(`${agentId} requests approval: ${title}`);
    const notice = createNotice(page, 'approval', link);
    links.get(approvalId)?.remove();
    links.set(approvalId, notice);
    showInCorner(page, notice);
    if (card) onceSeen(card, () => removeLink(approvalId));
  }

  function removeLink(approvalId: string): void {
    links.get(approvalId)?.remove();
    links.delete(approvalId);
  }

  function showOutcome(request: ApprovalRequest, resolved: ApprovalResolved): void {
    const outcome = describeOutcome(request, resolved);
    const { approvalId } = request;
    const wasOnPage =
      resolved.outcome === 'cancelled'
        ? removeCard(page, approvalId)
        : markResolved(page, approvalId, revealBidi(outcome));
    // The user who responded gets a notice from the server.
    if (!wasOnPage || resolved.resolvedBy === userId) return;
    const kind = classifyResponse(request.options, {
      ...resolved,
      optionId: resolved.optionId ?? null,
    });
    showInCorner(page, createNotice(page, kind, formatOutcomeNotice(request, resolved)));
  }

  return (message: HubToDashboard, pending: ReadonlyMap<string, ApprovalRequest>): void => {
    if (message.type === 'dashboard:welcome') userId = message.userId;
    // The first one follows the welcome.
    if (message.type === 'agent:status') newFrom ??= message.timestamp;
    if (message.type === 'approval:request' && !seen.has(message.approvalId)) {
      seen.add(message.approvalId);
      notify(message);
      if (newFrom !== null && message.requestedAt >= newFrom) announce(message);
    }
    if (message.type !== 'approval:resolved') return;
    notifications.get(message.approvalId)?.close();
    notifications.delete(message.approvalId);
    removeLink(message.approvalId);
    const request = pending.get(message.approvalId);
    if (request) showOutcome(request, message);
  };
}

/** Whether the page can scroll to a card without interrupting the user, who may be writing or reading another request. */
function canScrollTo(page: Document, card: Element): boolean {
  if (page.querySelector('dialog[open]')) return false;
  const field = page.activeElement;
  const isWriting =
    (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) &&
    field.value.trim() !== '';
  const others = [...page.querySelectorAll('[data-approval]')].filter((other) => other !== card);
  return !isWriting && !others.some(isInViewport);
}

/** Calls `listener` once an element is within the visible part of the page. */
function onceSeen(element: Element, listener: () => void): void {
  const observer = new IntersectionObserver(
    ([entry]) => {
      if (!entry?.isIntersecting) return;
      observer.disconnect();
      listener();
    },
    { threshold: 0.9 },
  );
  observer.observe(element);
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
