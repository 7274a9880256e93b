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

interface DialogButtonProps {
  /** The content of the dialog. */
  url: string;
  /** By default a plain button of normal size. `menu` is an entry of a menu, which it closes; `icon` has no text. */
  kind?: 'primary' | 'small' | 'menu' | 'icon';
  /** Describes the button to screen readers, if its text does not. */
  label?: string;
  children: ComponentChildren;
}

/** A button that opens a dialog, or replaces the content of the one that is open. */
export function DialogButton({ url, kind, label, children }: DialogButtonProps) {
  return (
    <button
      class={classOf(kind)}
      type="button"
      hx-get={url}
      hx-target="#dialog-body"
      aria-label={label}
    >
      {children}
    </button>
  );
}

function classOf(kind: DialogButtonProps['kind']): string {
  if (kind === 'menu') return 'menu-item';
  if (kind === 'icon') return 'icon-button';
  return kind === undefined ? 'button' : `button button-${kind}`;
}
