// Moves queued commands: by dragging the number of a row, with a mouse, a finger or a pen, and with Alt+↑ and Alt+↓. htmx
// may replace the list at any time, so each event looks the rows up.
import { Value } from '@sinclair/typebox/value';
import { AcceptedCommand, ErrorResponse } from '../protocol/api.ts';
import { Priority } from '../protocol/command-status.ts';
import { REFRESH } from './dom-events.ts';
import { type RequestContext, requestOf } from './htmx-request.ts';
import { createNotice, showInCorner } from './notices.ts';
import { planDrop, planStep, type QueuedRow, type QueueMove } from './queue-order.ts';

/** A drag starts when the pointer has moved this far. */
const DRAG_START_PX = 4;

const labels: Record<Priority, string> = { high: 'high', normal: 'normal', low: 'low' };

interface Drag {
  id: string;
  pointerId: number;
  startY: number;
  /** Whether the pointer has moved far enough. */
  isMoving: boolean;
}

/** A move that the page shows already. */
interface ShownMove {
  id: string;
  change: QueueMove;
  /** Whether the hub has made it. */
  isMade: boolean;
}

/** Makes the rows of queues movable, including those that htmx inserts later. */
export function initQueueList(page: Document): void {
  let drag: Drag | null = null;
  /** The row whose grip has the focus. An update that moves the row removes the focus. */
  let focusedId: string | null = null;
  /** The moves that an update may not have yet: it can be older than they are. */
  const shownMoves = new Set<ShownMove>();
  /** The moves that the hub had made before an update was requested, by the request. */
  const movesInUpdate = new WeakMap<RequestContext, ShownMove[]>();
  /** Ends when all earlier moves are made: each names its place in the order after those before it. */
  let earlierMoves = Promise.resolve();

  const listRows = () => [...page.querySelectorAll<HTMLElement>('[data-queue] > [data-queued]')];
  const idOf = (row: HTMLElement) => row.dataset['queued'] ?? '';
  const findRow = (id: string) => listRows().find((row) => idOf(row) === id);

  function readRows(): QueuedRow[] {
    return listRows().flatMap((row) => {
      const { priority } = row.dataset;
      return Value.Check(Priority, priority) ? [{ id: idOf(row), priority }] : [];
    });
  }

  function announce(text: string) {
    const place = page.getElementById('queue-announcement') ?? createAnnouncement(page);
    place.textContent = text;
  }

  /** Moves the row at once, then asks the hub. The hub's order replaces the page's in either case. */
  function move(id: string, change: QueueMove) {
    const shown: ShownMove = { id, change, isMade: false };
    shownMoves.add(shown);
    showMove(shown);
    earlierMoves = earlierMoves.then(() => send(shown));
  }

  async function send(shown: ShownMove) {
    const { id, change } = shown;
    try {
      const response = await fetch(`/api/v1/commands/${encodeURIComponent(id)}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(change),
      });
      const body: unknown = await response.json();
      if (Value.Check(AcceptedCommand, body)) {
        shown.isMade = true;
        announce(describeMove(body.position, change));
      } else showError(Value.Check(ErrorResponse, body) ? body.error.message : null);
    } catch {
      showError(null);
    }
    if (!shown.isMade) shownMoves.delete(shown);
    page.body.dispatchEvent(new CustomEvent(REFRESH));
  }

  function showMove({ id, change: { before, priority } }: ShownMove) {
    const row = findRow(id);
    if (!row) return;
    const hadFocus = row.contains(page.activeElement);
    const group = priority ?? row.dataset['priority'];
    const last = listRows().findLast(
      (one) => one.dataset['priority'] === group && idOf(one) !== id,
    );
    if (before !== null) findRow(before)?.before(row);
    else if (last) last.after(row);
    if (priority) row.dataset['priority'] = priority;
    if (hadFocus) focusGrip(id);
  }

  /** @param position the hub's; an update can have replaced the rows with an earlier order meanwhile */
  function describeMove(position: number, { priority }: QueueMove): string {
    const changed = priority ? `Priority changed to ${labels[priority]}. ` : '';
    return `${changed}Moved to number ${position + 1} of ${listRows().length}.`;
  }

  function showError(message: string | null) {
    const text = message ?? 'The queue could not be changed. Try again.';
    showInCorner(page, createNotice(page, 'error', text));
  }

  function focusGrip(id: string) {
    findRow(id)?.querySelector<HTMLElement>('[data-grip]')?.focus({ preventScroll: true });
  }

  /** The number of other rows whose middle is above the pointer. */
  function placeAt(id: string, y: number): number {
    return listRows().filter((row) => {
      const { top, height } = row.getBoundingClientRect();
      return idOf(row) !== id && top + height / 2 < y;
    }).length;
  }

  function showDrop(id: string, place: number) {
    const rows = listRows();
    const isMoved = planDrop(readRows(), id, place) !== null;
    const others = rows.filter((row) => idOf(row) !== id);
    for (const row of rows) {
      row.classList.toggle('queue-dragged', idOf(row) === id);
      row.classList.toggle('queue-drop-before', isMoved && row === others[place]);
      const isLast = place === others.length && row === others.at(-1);
      row.classList.toggle('queue-drop-after', isMoved && isLast);
    }
  }

  function endDrag() {
    drag = null;
    page.body.classList.remove('queue-dragging');
    for (const row of listRows()) {
      row.classList.remove('queue-dragged', 'queue-drop-before', 'queue-drop-after');
    }
  }

  page.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && drag) return endDrag();
    const isArrow = event.key === 'ArrowUp' || event.key === 'ArrowDown';
    if (!isArrow || !event.altKey || event.ctrlKey || event.metaKey) return;
    const target = event.target instanceof Element ? event.target : null;
    const row = target?.closest<HTMLElement>('[data-queue] > [data-queued]');
    // A list of choices opens with Alt+↓.
    if (!row || target?.closest('select, input, textarea')) return;
    event.preventDefault();
    const id = idOf(row);
    const direction = event.key === 'ArrowUp' ? 'up' : 'down';
    const change = planStep(readRows(), id, direction);
    focusGrip(id);
    if (change) return move(id, change);
    const end = direction === 'up' ? 'first' : 'last';
    announce(`It is the ${end} command of its priority. Change the priority to move it further.`);
  });

  page.addEventListener('pointerdown', (event) => {
    const grip = event.target instanceof Element ? event.target.closest('[data-grip]') : null;
    const row = grip?.closest<HTMLElement>('[data-queue] > [data-queued]');
    if (!row || event.button !== 0 || drag) return;
    drag = { id: idOf(row), pointerId: event.pointerId, startY: event.clientY, isMoving: false };
  });
  page.addEventListener('pointermove', (event) => {
    if (drag?.pointerId !== event.pointerId) return;
    if (!findRow(drag.id)) return endDrag();
    if (!drag.isMoving && Math.abs(event.clientY - drag.startY) < DRAG_START_PX) return;
    drag.isMoving = true;
    page.body.classList.add('queue-dragging');
    showDrop(drag.id, placeAt(drag.id, event.clientY));
  });
  const handleRelease = (event: PointerEvent) => {
    if (drag?.pointerId !== event.pointerId) return;
    const { id, isMoving } = drag;
    endDrag();
    if (!isMoving || event.type === 'pointercancel') return;
    const change = planDrop(readRows(), id, placeAt(id, event.clientY));
    if (change) move(id, change);
  };
  page.addEventListener('pointerup', handleRelease);
  page.addEventListener('pointercancel', handleRelease);

  page.addEventListener('focusin', (event) => {
    const grip = event.target instanceof Element ? event.target.closest('[data-grip]') : null;
    const row = grip?.closest<HTMLElement>('[data-queued]');
    focusedId = row ? idOf(row) : null;
  });
  page.addEventListener('htmx:before:request', (event) => {
    const request = requestOf(event);
    if (!request.sourceElement.matches('[data-updates-queue]')) return;
    movesInUpdate.set(
      request,
      [...shownMoves].filter(({ isMade }) => isMade),
    );
  });
  // Repeats the moves that the update does not have, and returns the focus to the row that it has moved.
  page.addEventListener('htmx:after:swap', (event) => {
    for (const shown of movesInUpdate.get(requestOf(event)) ?? []) shownMoves.delete(shown);
    for (const shown of shownMoves) showMove(shown);
    const hasFocus = page.activeElement !== null && page.activeElement !== page.body;
    if (focusedId !== null && !hasFocus) focusGrip(focusedId);
  });
}

/** What happened, for screen readers. */
function createAnnouncement(page: Document): HTMLElement {
  const place = page.createElement('p');
  place.id = 'queue-announcement';
  place.className = 'visually-hidden';
  place.role = 'status';
  page.body.append(place);
  return place;
}
