// The list of slash commands and files above the command field. htmx may replace the field and the list at any time, so
// each event looks them up.
import { Value } from '@sinclair/typebox/value';
import { Type } from '@sinclair/typebox';
import { revealBidi } from '../protocol/bidi.ts';
import type { Clock } from '../protocol/clock.ts';
import {
  applyCompletion,
  applyFile,
  matchCompletionKey,
  matchCompletions,
  matchFileQuery,
} from './completion.ts';
import { createFileSearch } from './file-search.ts';

const Names = Type.Array(Type.String());
const Descriptions = Type.Record(Type.String(), Type.String());

interface Combobox {
  field: HTMLTextAreaElement;
  list: HTMLElement;
}

/** Shows matching slash commands while the user types one, and matching files after `@`. */
export function initCompletions(clock: Clock, page: Document): void {
  let selected = 0;
  /** Inserts a completion of the list that is open. */
  let apply = applyCompletion;
  const searchFiles = createFileSearch(clock);

  function findCombobox(): Combobox | null {
    const field = page.getElementById('command');
    const list = page.getElementById('completions');
    return field instanceof HTMLTextAreaElement && list ? { field, list } : null;
  }

  function open({ field, list }: Combobox, names: string[], kind: 'command' | 'file'): void {
    apply = kind === 'file' ? applyFile : applyCompletion;
    list.ariaLabel = kind === 'file' ? 'Files' : 'Slash commands';
    const descriptions = kind === 'command' ? readDescriptions(page) : {};
    list.replaceChildren(
      ...names.map((name, index) => createOption(page, name, index, descriptions[name])),
    );
    list.hidden = false;
    // Screen readers announce a combobox only while there is something to choose.
    field.setAttribute('role', 'combobox');
    field.setAttribute('aria-autocomplete', 'list');
    field.setAttribute('aria-expanded', 'true');
    field.setAttribute('aria-controls', list.id);
    select({ field, list }, 0);
  }

  function close({ field, list }: Combobox): void {
    list.hidden = true;
    list.replaceChildren();
    for (const name of ['role', 'aria-expanded', 'aria-controls', 'aria-activedescendant']) {
      field.removeAttribute(name);
    }
  }

  function select({ field, list }: Combobox, index: number): void {
    selected = index;
    for (const [position, option] of [...list.children].entries()) {
      option.ariaSelected = String(position === index);
      if (position !== index) continue;
      field.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    }
  }

  function accept(combobox: Combobox, name: string | null): void {
    const { field } = combobox;
    close(combobox);
    if (name === null) return;
    const { text, caret } = apply(field.value, field.selectionStart, name);
    field.setRangeText(text, 0, field.value.length);
    field.setSelectionRange(caret, caret);
    field.focus();
    // The draft is kept as if the user had typed it.
    field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertText' }));
  }

  /** Shows the files that match, unless the user has typed something else by then. */
  function openFiles(combobox: Combobox, query: string): void {
    const agentId = page.getElementById('composer-hint')?.dataset['files'];
    if (agentId === undefined) return close(combobox);
    searchFiles(agentId, query, (files) => {
      const { field } = combobox;
      if (page.activeElement !== field) return;
      if (matchFileQuery(field.value, field.selectionStart) !== query) return;
      if (files.length === 0) close(combobox);
      else open(combobox, files, 'file');
    });
  }

  page.addEventListener('input', (event) => {
    const combobox = findCombobox();
    if (!combobox || event.target !== combobox.field) return;
    const { value, selectionStart } = combobox.field;
    const names = matchCompletions(value, selectionStart, readNames(page));
    const query = matchFileQuery(value, selectionStart);
    if (names.length > 0) open(combobox, names, 'command');
    else if (query !== null) openFiles(combobox, query);
    else close(combobox);
  });

  // In the capture phase, so that Enter accepts the selection instead of submitting the form.
  page.addEventListener(
    'keydown',
    (event) => {
      const combobox = findCombobox();
      if (!combobox || event.target !== combobox.field || combobox.list.hidden) return;
      if (event.isComposing) return;
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
      const { children } = combobox.list;
      const action = matchCompletionKey({ key: event.key, hasModifier }, selected, children.length);
      if (!action) return;
      event.preventDefault();
      event.stopPropagation();
      if (action.kind === 'close') close(combobox);
      if (action.kind === 'select') select(combobox, action.index);
      if (action.kind === 'accept') accept(combobox, readValue(children[selected]));
    },
    { capture: true },
  );

  // Keeps the focus in the field, so that a phone keeps its keyboard open.
  page.addEventListener('pointerdown', (event) => {
    if (event.target instanceof Element && event.target.closest('#completions')) {
      event.preventDefault();
    }
  });
  page.addEventListener('click', (event) => {
    const combobox = findCombobox();
    if (!combobox || !(event.target instanceof Element)) return;
    const option = event.target.closest('#completions [role=option]');
    if (option) accept(combobox, readValue(option));
  });
  page.addEventListener('focusout', (event) => {
    const combobox = findCombobox();
    if (combobox && event.target === combobox.field) close(combobox);
  });
}

function createOption(
  page: Document,
  name: string,
  index: number,
  description: string | undefined,
): HTMLElement {
  const option = page.createElement('li');
  option.id = `completion-${index}`;
  option.role = 'option';
  option.dataset['value'] = name;
  option.append(revealBidi(name));
  if (description !== undefined) {
    const note = page.createElement('small');
    note.textContent = revealBidi(description);
    option.append(note);
  }
  return option;
}

function readValue(option: Element | undefined): string | null {
  return (option instanceof HTMLElement && option.dataset['value']) || null;
}

/** Returns the agent's slash commands, which the server renders into the field's hint. */
function readNames(page: Document): string[] {
  const names = readHint(page, 'slash');
  return Value.Check(Names, names) ? names : [];
}

function readDescriptions(page: Document): Record<string, string> {
  const descriptions = readHint(page, 'descriptions');
  return Value.Check(Descriptions, descriptions) ? descriptions : {};
}

function readHint(page: Document, name: string): unknown {
  return JSON.parse(page.getElementById('composer-hint')?.dataset[name] ?? 'null');
}
