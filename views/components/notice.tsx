// A message about the result of an action, next to the form or in the corner of the page.
import { Icon } from './icons.tsx';

export type NoticeKind = 'success' | 'error';

/** Screen readers announce an error immediately and other notices when they are idle. */
export function Notice({ kind, text }: { kind: NoticeKind; text: string }) {
  return (
    <p class={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <Icon name={kind === 'error' ? 'warning' : 'check'} />
      <span>{text}</span>
    </p>
  );
}
