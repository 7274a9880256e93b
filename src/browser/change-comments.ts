// Comments on the lines of a diff. The number of a line opens a comment; a form collects them and sends them as a prompt.
import { revealBidi } from '../protocol/bidi.ts';
import { requestOf } from './htmx-request.ts';
import { readUserId } from './page-user.ts';
import { openReviewComments, type Place, type ReviewComment } from './review-comments.ts';

/** Comments that have been opened and not written yet are on the page only. */
const ROW = 'tr.comment-row';

/** Does nothing on pages without changes. */
export function initChangeComments(page: Document): void {
  const form = page.getElementById('review');
  const template = page.getElementById('review-comment');
  const fields = page.getElementById('review-fields');
  if (!(form instanceof HTMLFormElement) || !(template instanceof HTMLTemplateElement)) return;
  const comments = openReviewComments(localStorage, readUserId(page), form.dataset['agent'] ?? '');
  const commandIds = new Set(
    [...page.querySelectorAll<HTMLElement>('[data-command]')].map(
      (one) => one.dataset['command'] ?? '',
    ),
  );

  /** Shows the number of comments, and fills the form with them. */
  function update(): void {
    const list = comments.list(commandIds);
    const count = form?.querySelector('[data-review-count]');
    const noun = form?.querySelector('[data-review-noun]');
    if (count) count.textContent = String(list.length);
    if (noun) noun.textContent = list.length === 1 ? 'comment' : 'comments';
    form?.toggleAttribute('hidden', list.length === 0);
    fields?.replaceChildren(
      ...list.flatMap((comment) =>
        Object.entries(comment).map(([name, value]) => createField(page, name, value)),
      ),
    );
  }

  /** Shows the comment on a line, with its text if there is one. Returns its text field. */
  function show(button: HTMLElement, text: string): HTMLTextAreaElement | null {
    const place = placeOf(button);
    const row = button.closest('tr');
    if (!place || !row || !(template instanceof HTMLTemplateElement)) return null;
    const existing = findRow(row, button);
    if (existing) return existing.querySelector('textarea');
    const copy = template.content.cloneNode(true);
    if (!(copy instanceof DocumentFragment)) return null;
    const added = copy.querySelector<HTMLTableRowElement>(ROW);
    const cell = added?.cells[0];
    const field = added?.querySelector('textarea');
    if (!added || !cell || !field) return null;
    cell.colSpan = row.cells.length;
    added.dataset['for'] = button.dataset['comment'];
    const label = added.querySelector('[data-comment-place]');
    if (label) label.textContent = describePlace(place);
    field.value = text;
    field.addEventListener('input', () => {
      if (field.value.trim() === '') comments.remove(place);
      else comments.set({ ...place, text: field.value });
      update();
    });
    const remove = () => {
      comments.remove(place);
      added.remove();
      button.focus();
      update();
    };
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && field.value.trim() === '') remove();
    });
    added.querySelector('[data-comment-remove]')?.addEventListener('click', remove);
    row.after(added);
    return field;
  }

  /** Shows the stored comments on the lines that are on the page. */
  function restore(): void {
    for (const table of page.querySelectorAll('table.diff')) {
      const first = table.querySelector<HTMLElement>('[data-comment]');
      if (first && !table.querySelector('[data-comment][tabindex="0"]')) first.tabIndex = 0;
    }
    for (const comment of comments.list(commandIds)) {
      const button = findButton(page, comment);
      if (button) show(button, comment.text);
    }
    update();
  }

  page.addEventListener('click', (event) => {
    const button =
      event.target instanceof Element && event.target.closest<HTMLElement>('[data-comment]');
    if (button) show(button, '')?.focus();
  });
  page.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const button = event.target;
    if (step === undefined || !(button instanceof HTMLElement) || !button.dataset['comment'])
      return;
    event.preventDefault();
    moveFocus(button, step);
  });
  form.querySelector('[data-review-discard]')?.addEventListener('click', () => {
    comments.removeAll(commandIds);
    for (const row of page.querySelectorAll(ROW)) row.remove();
    update();
  });
  form.addEventListener('htmx:after:request', (event) => {
    const { response } = requestOf(event);
    if (response && response.status < 300) comments.removeAll(commandIds);
  });
  page.addEventListener('htmx:after:swap', restore);
  restore();
}

/** What the button of a line is about. */
function placeOf(button: HTMLElement): Place | null {
  const [, side, line] = /^(old|new):(\d+)$/.exec(button.dataset['comment'] ?? '') ?? [];
  const { command: commandId, path } = button.closest<HTMLElement>('[data-path]')?.dataset ?? {};
  if (!commandId || !path || (side !== 'old' && side !== 'new')) return null;
  return { commandId, path, side, line: Number(line) };
}

function findButton(page: Document, { commandId, path, side, line }: ReviewComment) {
  const file = `[data-command="${CSS.escape(commandId)}"][data-path="${CSS.escape(path)}"]`;
  return page.querySelector<HTMLElement>(`${file} [data-comment="${side}:${line}"]`);
}

/** The comment of a button among those below its row. In the split view, a row can have two. */
function findRow(row: HTMLTableRowElement, button: HTMLElement): Element | null {
  let next = row.nextElementSibling;
  while (next instanceof HTMLElement && next.matches(ROW)) {
    if (next.dataset['for'] === button.dataset['comment']) return next;
    next = next.nextElementSibling;
  }
  return null;
}

function describePlace({ path, side, line }: Place): string {
  const place = revealBidi(`${path}:${line}`);
  return side === 'old' ? `${place} (before)` : place;
}

function createField(page: Document, name: string, value: string | number): HTMLInputElement {
  const field = page.createElement('input');
  field.type = 'hidden';
  field.name = name;
  field.value = String(value);
  return field;
}

/** Moves the focus between the lines of a file. Only one of them is in the tab order. */
function moveFocus(button: HTMLElement, step: number): void {
  const buttons = [
    ...(button.closest('table')?.querySelectorAll<HTMLElement>('[data-comment]') ?? []),
  ];
  const next = buttons[buttons.indexOf(button) + step];
  if (!next) return;
  button.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
