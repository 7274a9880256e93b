// Text with a button that copies it.
import { Icon } from './icons.tsx';

/** `id` must be unique on the page; `label` describes the text to screen readers. */
export function Copyable({ id, label, text }: { id: string; label: string; text: string }) {
  return (
    <div class="copyable">
      <code id={id} tabIndex={0} aria-label={label}>
        {text}
      </code>
      <button class="button button-small" type="button" data-copy={id}>
        <Icon name="copy" />
        <span data-copy-label aria-live="polite">
          Copy
        </span>
      </button>
    </div>
  );
}
