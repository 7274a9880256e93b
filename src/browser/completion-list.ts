// The list of slash commands above the command box: a combobox, as long as it is open. Field and list may be swapped for
// fresh ones at any time, so they are looked up when something happens.
import { Value } from '@sinclair/typebox/value';
import { Type } from '@sinclair/typebox';
import { complete, listActionOf, offersFor } from './completion.ts';

const Names = Type.Array(Type.String());

/** Offers slash commands while one is being written. */
export function runCompletions(page: Document): void {
  let marked = 0;

  function parts() {
    const field = page.getElementById('command');
    const list = page.getElementById('completions');
    return field instanceof HTMLTextAreaElement && list ? { field, list } : null;
  }

  function close({ field, list }: NonNullable<ReturnType<typeof parts>>): void {
    list.hidden = true;
    list.replaceChildren();
    for (const name of ['role', 'aria-expanded', 'aria-controls', 'aria-activedescendant']) {
      field.removeAttribute(name);
    }
  }

  function open({ field, list }: NonNullable<ReturnType<typeof parts>>, offers: string[]): void {
    list.replaceChildren(...offers.map((name, index) => optionOf(page, name, index)));
    list.hidden = false;
    // A plain text box, but for the time in which there is something to choose.
    field.setAttribute('role', 'combobox');
    field.setAttribute('aria-autocomplete', 'list');
    field.setAttribute('aria-expanded', 'true');
    field.setAttribute('aria-controls', list.id);
    mark(field, list, 0);
  }

  function mark(field: HTMLTextAreaElement, list: HTMLElement, index: number): void {
    marked = index;
    for (const [position, option] of [...list.children].entries()) {
      option.ariaSelected = String(position === index);
      if (position !== index) continue;
      field.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    }
  }

  function take(both: NonNullable<ReturnType<typeof parts>>, name: string | null): void {
    const { field } = both;
    close(both);
    if (name === null) return;
    const after = complete(field.value, field.selectionStart, name);
    field.setRangeText(after.text, 0, field.value.length);
    field.setSelectionRange(after.caret, after.caret);
    field.focus();
  }

  page.addEventListener('input', (event) => {
    const both = parts();
    if (!both || event.target !== both.field) return;
    const offers = offersFor(both.field.value, both.field.selectionStart, namesOn(page));
    if (offers.length === 0) close(both);
    else open(both, offers);
  });

  // Before the form's own keys: Enter takes what is marked, and does not send.
  page.addEventListener(
    'keydown',
    (event) => {
      const both = parts();
      if (!both || event.target !== both.field || both.list.hidden || event.isComposing) return;
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
      const { children } = both.list;
      const action = listActionOf({ key: event.key, hasModifier }, marked, children.length);
      if (!action) return;
      event.preventDefault();
      event.stopPropagation();
      if (action.kind === 'close') close(both);
      if (action.kind === 'choose') mark(both.field, both.list, action.index);
      if (action.kind === 'take') take(both, children[marked]?.textContent ?? null);
    },
    { capture: true },
  );

  // The field keeps the focus, and a phone its keyboard.
  page.addEventListener('pointerdown', (event) => {
    if (event.target instanceof Element && event.target.closest('#completions')) {
      event.preventDefault();
    }
  });
  page.addEventListener('click', (event) => {
    const both = parts();
    if (!both || !(event.target instanceof Element)) return;
    const option = event.target.closest('#completions [role=option]');
    if (option) take(both, option.textContent);
  });
  page.addEventListener('focusout', (event) => {
    const both = parts();
    if (both && event.target === both.field) close(both);
  });
}

function optionOf(page: Document, name: string, index: number): HTMLElement {
  const option = page.createElement('li');
  option.id = `completion-${index}`;
  option.role = 'option';
  option.textContent = name;
  return option;
}

/** The slash commands that the page's hint names. */
function namesOn(page: Document): string[] {
  const names: unknown = JSON.parse(page.getElementById('composer-hint')?.dataset['slash'] ?? '[]');
  return Value.Check(Names, names) ? names : [];
}
