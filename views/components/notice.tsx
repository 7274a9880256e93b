// A message about the result of an action, next to the form or in the corner of the page.
import type { ComponentChildren } from 'preact';
import type { ResponseKind } from '../../src/protocol/approvals.ts';
import { Icon, type IconName } from './icons.tsx';

/** `success` and `error`: the result of a request. `approval`: a new approval request. Others: how one was resolved. */
export type NoticeKind = 'success' | 'error' | 'approval' | ResponseKind;

const icons: Record<NoticeKind, IconName> = {
  success: 'check',
  error: 'warning',
  approval: 'bell',
  allow: 'check',
  reject: 'close',
  other: 'send',
  cancelled: 'minus',
};

interface NoticeProps {
  kind: NoticeKind;
  text: string;
  /** The command that was sent. The island removes the notice when it starts. */
  sent?: string;
  /** The command that is being stopped. The island removes the notice when it has ended. */
  stopping?: string | undefined;
  /** What the user can do about it. */
  children?: ComponentChildren;
}

/** Screen readers announce an error immediately and other notices when they are idle. */
export function Notice({ kind, text, sent, stopping, children }: NoticeProps) {
  return (
    <p
      class={`notice notice-${kind}`}
      role={kind === 'error' ? 'alert' : 'status'}
      data-sent={sent}
      data-stopping={stopping}
    >
      <Icon name={icons[kind]} />
      <span>{text}</span>
      {children}
    </p>
  );
}

const templateKinds: NoticeKind[] = [
  'success',
  'allow',
  'reject',
  'other',
  'cancelled',
  'approval',
  'error',
];

/** The templates of the notices that the island creates (src/browser/notices.ts). */
export function NoticeTemplates() {
  return (
    <>
      {templateKinds.map((kind) => (
        <template key={kind} id={`notice-${kind}`}>
          <Notice kind={kind} text="" />
        </template>
      ))}
    </>
  );
}
