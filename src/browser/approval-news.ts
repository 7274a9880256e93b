// What the reader is told of questions as they come and go: a notification where the page is hidden, and who answered.
import { answerWords } from '../protocol/approvals.ts';
import type {
  ApprovalRequest,
  ApprovalResolved,
  HubToDashboard,
} from '../protocol/hub-to-dashboard.ts';
import { markAnswered } from './approvals.ts';

/** How a question ended, in a line: `Allowed by otto: Edit src/main.ts`. */
export function endLine(asked: ApprovalRequest, answer: ApprovalResolved): string {
  const { outcome, optionId = null, resolvedBy = null } = answer;
  return `${answerWords(asked.options, { outcome, optionId, resolvedBy })}: ${asked.title}`;
}

/** Tells the reader. `open` are the questions known before the message. */
export function createApprovalNews(page: Document) {
  /** Asked before: a connection that came back repeats them. */
  const seen = new Set<string>();
  const shown = new Map<string, Notification>();
  let userId: string | null = null;

  function notify({ approvalId, agentId, title }: ApprovalRequest): void {
    if (!page.hidden || !('Notification' in globalThis)) return;
    if (Notification.permission !== 'granted') return;
    try {
      // The tag: several pages of one browser tell it once.
      const note = new Notification(`${agentId} asks`, { body: title, tag: approvalId });
      note.addEventListener('click', () => {
        window.focus();
        note.close();
        if (!page.querySelector(`[data-approval="${CSS.escape(approvalId)}"]`)) {
          location.assign('/approvals');
        }
      });
      shown.set(approvalId, note);
    } catch {
      // Chrome on Android has the class, and refuses to make one.
    }
  }

  function tellEnd(asked: ApprovalRequest, answer: ApprovalResolved): void {
    const line = endLine(asked, answer);
    const wasHere = markAnswered(page, asked.approvalId, line.slice(0, -asked.title.length - 2));
    // To whoever answered, the server says it.
    if (!wasHere || answer.resolvedBy === userId) return;
    const notice = page.createElement('p');
    notice.className = 'notice notice-done';
    notice.textContent = line;
    page.getElementById('notices')?.replaceChildren(notice);
  }

  return (message: HubToDashboard, open: ReadonlyMap<string, ApprovalRequest>): void => {
    if (message.type === 'dashboard:welcome') userId = message.userId;
    if (message.type === 'approval:request' && !seen.has(message.approvalId)) {
      seen.add(message.approvalId);
      notify(message);
    }
    if (message.type !== 'approval:resolved') return;
    shown.get(message.approvalId)?.close();
    shown.delete(message.approvalId);
    const asked = open.get(message.approvalId);
    if (asked) tellEnd(asked, message);
  };
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
