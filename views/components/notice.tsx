// A message about the result of an action, next to the form or in the corner of the page.
import type { ComponentChildren } from 'preact';
import { Icon } from './icons.tsx';

export type NoticeKind = 'success' | 'error';

interface NoticeProps {
  kind: NoticeKind;
  text: string;
  /** What the user can do about it. */
  children?: ComponentChildren;
}

/** Screen readers announce an error immediately and other notices when they are idle. */
export function Notice({ kind, text, children }: NoticeProps) {
  return (
    <p class={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <Icon name={kind === 'error' ? 'warning' : 'check'} />
      <span>{text}</span>
      {children}
    </p>
  );
}
