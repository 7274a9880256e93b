// The parts that all dialogs have.
import type { ComponentChildren } from 'preact';
import { Icon } from './icons.tsx';

/** The title, and a button that closes the dialog. */
export function DialogHeader({ title }: { title: string }) {
  return (
    <div class="dialog-header">
      <h2 id="dialog-title">{title}</h2>
      <button class="icon-button" type="button" data-close-dialog aria-label="Close">
        <Icon name="close" />
      </button>
    </div>
  );
}

/** A button in the footer that closes the dialog. */
export function CloseButton({
  children,
  autofocus,
}: {
  children: ComponentChildren;
  autofocus?: boolean;
}) {
  return (
    <button class="button" type="button" data-close-dialog autofocus={autofocus}>
      {children}
    </button>
  );
}
