// ↑ in an empty composer recalls what the user sent, on all devices; ↓ goes forward again.
import type { Clock } from '../protocol/clock.ts';
import { createPromptHistory } from './prompt-history.ts';

export function initPromptRecall(clock: Clock, page: Document): void {
  const history = createPromptHistory(clock.now);
  /** The text that was recalled last, while the user has not changed it. */
  let recalled: string | null = null;

  const isComposer = (target: EventTarget | null): target is HTMLTextAreaElement =>
    target instanceof HTMLTextAreaElement && target.form?.id === 'composer';

  function show(field: HTMLTextAreaElement, text: string | null): void {
    if (text === null) return;
    recalled = text;
    field.setRangeText(text, 0, field.value.length, 'end');
    field.scrollTop = field.scrollHeight;
    // The draft is kept as if the user had typed it.
    field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'historyUndo' }));
  }

  /** Shows the text before the one that is shown, unless the user has typed something else by the time it is fetched. */
  async function recall(field: HTMLTextAreaElement): Promise<void> {
    const { value } = field;
    const text = await history.older(value);
    if (field.value === value) show(field, text);
    else history.reset();
  }

  page.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if ((key !== 'ArrowUp' && key !== 'ArrowDown') || !isComposer(target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing)
      return;
    const isRecalled = target.value === recalled;
    if (key === 'ArrowUp') {
      if (target.value !== '' && !isRecalled) return;
      if (isRecalled && target.value.slice(0, target.selectionStart).includes('\n')) return;
      event.preventDefault();
      void recall(target);
    } else {
      if (!isRecalled || target.value.slice(target.selectionEnd).includes('\n')) return;
      event.preventDefault();
      show(target, history.newer());
    }
  });
  page.addEventListener('input', ({ target }) => {
    if (!isComposer(target) || target.value === recalled) return;
    recalled = null;
    history.reset();
  });
  page.addEventListener('submit', ({ target }) => {
    if (!(target instanceof HTMLFormElement) || target.id !== 'composer') return;
    const field = target.elements.namedItem('command');
    if (field instanceof HTMLTextAreaElement && field.value.trim() !== '') history.add(field.value);
    recalled = null;
  });
}
