// What the reader is told of questions as they come and go: a notification where the page is hidden, and who answered.
import { answerWords } from '../protocol/approvals.ts';
import type { Clock } from '../protocol/clock.ts';
import type {
  ApprovalRequest,
  ApprovalResolved,
  HubToDashboard,
} from '../protocol/hub-to-dashboard.ts';
import { findCard, markAnswered } from './approval-cards.ts';

/** The open questions come right after the welcome. */
const WELCOME_MS = 1000;
/** How long a card may take to appear. */
const CARD_MS = 1000;

/** How a question ended, in a line: `Allowed by otto: Edit src/main.ts`. */
export function endLine(asked: ApprovalRequest, answer: ApprovalResolved): string {
  const { outcome, optionId = null, resolvedBy = null } = answer;
  return `${answerWords(asked.options, { outcome, optionId, resolvedBy })}: ${asked.title}`;
}

/** Tells the reader. `open` are the questions known before the message. */
export function createApprovalNews(clock: Clock, page: Document) {
  /** Asked before: a connection that came back repeats them. */
  const seen = new Set<string>();
  const shown = new Map<string, Notification>();
  let userId: string | null = null;
  /** From when on a question is news: what was open when the page came is counted in its name board. */
  let newsFrom = Number.POSITIVE_INFINITY;

  function notify({ approvalId, agentId, title }: ApprovalRequest): void {
    if (!page.hidden || !('Notification' in globalThis)) return;
    if (Notification.permission !== 'granted') return;
    try {
      // The tag: several pages of one browser tell it once.
      const note = new Notification(`${agentId} asks`, { body: title, tag: approvalId });
      note.addEventListener('click', () => {
        window.focus();
        note.close();
        if (!findCard(page, approvalId)) location.assign('/approvals');
      });
      shown.set(approvalId, note);
    } catch {
      // Chrome on Android has the class, and refuses to make one.
    }
  }

  /** Where the card is out of sight, a line leads to it; to those who listen, it is read out. */
  function point({ approvalId, agentId, title }: ApprovalRequest): void {
    const card = findCard(page, approvalId);
    if (card && isInSight(card.querySelector('.approval-options') ?? card)) return;
    const link = page.createElement('a');
    link.href = card ? `#${encodeURIComponent(card.id)}` : '/approvals';
    link.textContent = `${agentId} asks: ${title}`;
    showNotice('asks', link);
  }

  function showNotice(kind: 'asks' | 'done', content: Node | string): void {
    const notice = page.createElement('p');
    notice.className = `notice notice-${kind}`;
    notice.append(content);
    page.getElementById('notices')?.replaceChildren(notice);
  }

  function tellEnd(asked: ApprovalRequest, answer: ApprovalResolved): void {
    const line = endLine(asked, answer);
    const wasHere = markAnswered(page, asked.approvalId, line.slice(0, -asked.title.length - 2));
    // To whoever answered, the server says it.
    if (!wasHere || answer.resolvedBy === userId) return;
    showNotice('done', line);
  }

  return (message: HubToDashboard, open: ReadonlyMap<string, ApprovalRequest>): void => {
    if (message.type === 'dashboard:welcome') {
      userId = message.userId;
      if (!Number.isFinite(newsFrom)) newsFrom = clock.now() + WELCOME_MS;
    }
    if (message.type === 'approval:request' && !seen.has(message.approvalId)) {
      seen.add(message.approvalId);
      notify(message);
      if (clock.now() >= newsFrom) clock.after(CARD_MS, () => point(message));
    }
    if (message.type !== 'approval:resolved') return;
    shown.get(message.approvalId)?.close();
    shown.delete(message.approvalId);
    const asked = open.get(message.approvalId);
    if (asked) tellEnd(asked, message);
  };
}

function isInSight(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= window.innerHeight;
}

/** Offers notifications where the browser can be asked for them. */
export function offerNotifications(page: Document): void {
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
