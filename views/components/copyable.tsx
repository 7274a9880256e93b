// A line to paste elsewhere, with a button that copies it.
import { Icon } from './icons.tsx';

/** `id` is the page's own name for it; `label` says what it is. */
export function Copyable({ id, label, text }: { id: string; label: string; text: string }) {
  return (
    <div class="copyable">
      <code id={id} tabIndex={0} aria-label={label}>
        {text}
      </code>
      <button class="button button-small" type="button" data-copy={id}>
        <Icon name="copy" />
        <span data-copy-word aria-live="polite">
          Copy
        </span>
      </button>
    </div>
  );
}
